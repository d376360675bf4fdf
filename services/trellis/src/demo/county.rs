//! Linden County: fictional, in HSDS 3 tables that ship with the program.

/// Table name and CSV.
pub const TABLES: &[(&str, &str)] = &[
    ("organizations", include_str!("../../data/linden-county/organizations.csv")),
    ("services", include_str!("../../data/linden-county/services.csv")),
    ("locations", include_str!("../../data/linden-county/locations.csv")),
    ("service_at_location", include_str!("../../data/linden-county/service_at_location.csv")),
    ("addresses", include_str!("../../data/linden-county/addresses.csv")),
    ("phones", include_str!("../../data/linden-county/phones.csv")),
    ("languages", include_str!("../../data/linden-county/languages.csv")),
    ("taxonomies", include_str!("../../data/linden-county/taxonomies.csv")),
    ("taxonomy_terms", include_str!("../../data/linden-county/taxonomy_terms.csv")),
    ("attributes", include_str!("../../data/linden-county/attributes.csv")),
];
