"""What the case room knows of approved visits: an inspection is recorded in a case only under one."""
