"""Results of recognisers in JSON: of services, of toolkits, and of a data set of them."""
