"""Tables that are not hours of outlets: waste books, manifests, vehicle tests, reports, runs, sections, batch outlets."""
