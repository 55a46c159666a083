"""Users: whom Better Auth signed up, as they show themselves."""
