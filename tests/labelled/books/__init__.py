"""Tables that are not hours of outlets: books, manifests, vehicle tests, reports, runs, sections, batch outlets."""
