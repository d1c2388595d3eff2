"""The whole floor on one machine: broker, CMS and fleet together, and a view of them."""
