//! The tables of HSDS 3 that carry facts we keep: one list of columns a table, which reading,
//! linking and the tests all go by. What the standard requires is required, except descriptions,
//! which real directories leave empty.

use std::fmt;

use super::value::Kind::{
    self, Age, Code, Count, Country, Currency, Date, Days, Email, Hours, Id, Instant, Language,
    Latitude, Link, Longitude, Money, Name, Numbers, Owner, Phone, Refers, Text, Time, Url,
};

macro_rules! tables {
    ($($variant:ident = $name:literal),+ $(,)?) => {
        /// A table, as its file is named without the extension.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Table { $($variant),+ }

        impl Table {
            /// In the order in which they are linked: a row's owners before the row.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
        }
    };
}

tables! {
    Organizations = "organizations",
    OrganizationIdentifiers = "organization_identifiers",
    Taxonomies = "taxonomies",
    TaxonomyTerms = "taxonomy_terms",
    Units = "units",
    Programs = "programs",
    Services = "services",
    ServiceAtLocation = "service_at_location",
    Locations = "locations",
    Addresses = "addresses",
    Contacts = "contacts",
    Phones = "phones",
    Languages = "languages",
    Schedules = "schedules",
    ServiceAreas = "service_areas",
    Accessibility = "accessibility",
    CostOptions = "cost_options",
    RequiredDocuments = "required_documents",
    Funding = "funding",
    ServiceCapacities = "service_capacities",
    Urls = "urls",
    Attributes = "attributes",
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.csv", self.name())
    }
}

impl Table {
    /// The table that a word names: a file without its extension, or an attribute's `link_entity`.
    /// HSDS names files in the plural and entities in the singular, and exporters mix the two.
    pub fn of(word: &str) -> Option<Self> {
        let word = word.trim().to_ascii_lowercase();
        let alias = match word.as_str() {
            "organization" => Self::Organizations,
            "organization_identifier" => Self::OrganizationIdentifiers,
            "taxonomy" => Self::Taxonomies,
            "taxonomy_term" => Self::TaxonomyTerms,
            "unit" => Self::Units,
            "program" => Self::Programs,
            "service" => Self::Services,
            "service_at_locations" | "services_at_location" => Self::ServiceAtLocation,
            "location" => Self::Locations,
            "address" | "physical_address" | "physical_addresses" => Self::Addresses,
            "contact" => Self::Contacts,
            "phone" => Self::Phones,
            "language" => Self::Languages,
            "schedule" => Self::Schedules,
            "service_area" => Self::ServiceAreas,
            "accessibility_for_disabilities" => Self::Accessibility,
            "cost_option" => Self::CostOptions,
            "required_document" => Self::RequiredDocuments,
            "fundings" => Self::Funding,
            "service_capacity" => Self::ServiceCapacities,
            "url" => Self::Urls,
            "attribute" => Self::Attributes,
            _ => return Self::ALL.iter().copied().find(|t| t.name() == word),
        };
        Some(alias)
    }

    /// Whether its rows hang below organizations. The others are shared lists.
    pub(super) fn is_owned(self) -> bool {
        !matches!(self, Self::Taxonomies | Self::TaxonomyTerms | Self::Units)
    }

    pub(super) fn columns(self) -> &'static [Column] {
        match self {
            Self::Organizations => ORGANIZATIONS,
            Self::OrganizationIdentifiers => ORGANIZATION_IDENTIFIERS,
            Self::Taxonomies => TAXONOMIES,
            Self::TaxonomyTerms => TAXONOMY_TERMS,
            Self::Units => UNITS,
            Self::Programs => PROGRAMS,
            Self::Services => SERVICES,
            Self::ServiceAtLocation => SERVICE_AT_LOCATION,
            Self::Locations => LOCATIONS,
            Self::Addresses => ADDRESSES,
            Self::Contacts => CONTACTS,
            Self::Phones => PHONES,
            Self::Languages => LANGUAGES,
            Self::Schedules => SCHEDULES,
            Self::ServiceAreas => SERVICE_AREAS,
            Self::Accessibility => ACCESSIBILITY,
            Self::CostOptions => COST_OPTIONS,
            Self::RequiredDocuments => REQUIRED_DOCUMENTS,
            Self::Funding => FUNDING,
            Self::ServiceCapacities => SERVICE_CAPACITIES,
            Self::Urls => URLS,
            Self::Attributes => ATTRIBUTES,
        }
    }

    pub(super) fn column(self, name: &str) -> Option<(usize, &'static Column)> {
        self.columns().iter().enumerate().find(|(_, c)| c.name == name)
    }
}

/// A column, what stands in it, and whether a row can do without.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    pub name: &'static str,
    pub kind: Kind,
    pub required: bool,
}

const fn must(name: &'static str, kind: Kind) -> Column {
    Column { name, kind, required: true }
}
const fn may(name: &'static str, kind: Kind) -> Column {
    Column { name, kind, required: false }
}

pub(super) const SERVICE_STATUS: &[&str] = &["active", "inactive", "defunct", "temporarily closed"];
pub(super) const PLACE_TYPE: &[&str] = &["physical", "postal", "virtual"];
const FREQUENCY: &[&str] = &["WEEKLY", "MONTHLY"];
const WEEKDAY: &[&str] = &["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
const EXTENT_TYPE: &[&str] = &["geojson", "topojson", "kml", "text"];

const ORGANIZATIONS: &[Column] = &[
    must("id", Id),
    must("name", Name),
    may("alternate_name", Name),
    may("description", Text),
    may("email", Email),
    may("website", Url),
    may("tax_status", Name),
    may("tax_id", Name),
    may("year_incorporated", Count { least: 1000, most: 9999 }),
    may("legal_status", Name),
    may("logo", Url),
    may("uri", Name),
    may("parent_organization_id", Refers(Table::Organizations)),
];
const ORGANIZATION_IDENTIFIERS: &[Column] = &[
    must("id", Id),
    must("organization_id", Owner(Table::Organizations)),
    may("identifier_scheme", Name),
    must("identifier_type", Name),
    must("identifier", Name),
];
const TAXONOMIES: &[Column] = &[
    must("id", Id),
    must("name", Name),
    may("description", Text),
    may("uri", Name),
    may("version", Name),
];
const TAXONOMY_TERMS: &[Column] = &[
    must("id", Id),
    may("code", Name),
    must("name", Name),
    may("description", Text),
    may("parent_id", Refers(Table::TaxonomyTerms)),
    may("taxonomy", Name),
    may("taxonomy_id", Refers(Table::Taxonomies)),
    may("language", Language),
    may("term_uri", Name),
];
const UNITS: &[Column] = &[
    must("id", Id),
    must("name", Name),
    may("scheme", Name),
    may("identifier", Name),
    may("uri", Name),
];
const PROGRAMS: &[Column] = &[
    must("id", Id),
    must("organization_id", Owner(Table::Organizations)),
    must("name", Name),
    may("alternate_name", Name),
    may("description", Text),
];
const SERVICES: &[Column] = &[
    must("id", Id),
    must("organization_id", Owner(Table::Organizations)),
    may("program_id", Refers(Table::Programs)),
    must("name", Name),
    may("alternate_name", Name),
    may("description", Text),
    may("url", Url),
    may("email", Email),
    must("status", Code(SERVICE_STATUS)),
    may("interpretation_services", Text),
    may("application_process", Text),
    may("fees_description", Text),
    may("wait_time", Text),
    may("fees", Text),
    may("accreditations", Text),
    may("eligibility_description", Text),
    may("minimum_age", Age),
    may("maximum_age", Age),
    may("assured_date", Date),
    may("assurer_email", Email),
    may("licenses", Text),
    may("alert", Text),
    may("last_modified", Instant),
];
const SERVICE_AT_LOCATION: &[Column] = &[
    must("id", Id),
    must("service_id", Owner(Table::Services)),
    must("location_id", Refers(Table::Locations)),
    may("description", Text),
];
const LOCATIONS: &[Column] = &[
    must("id", Id),
    must("location_type", Code(PLACE_TYPE)),
    may("organization_id", Owner(Table::Organizations)),
    may("url", Url),
    may("name", Name),
    may("alternate_name", Name),
    may("description", Text),
    may("transportation", Text),
    may("latitude", Latitude),
    may("longitude", Longitude),
    may("external_identifier", Name),
    may("external_identifier_type", Name),
];
const ADDRESSES: &[Column] = &[
    must("id", Id),
    may("location_id", Owner(Table::Locations)),
    may("attention", Name),
    must("address_1", Name),
    may("address_2", Name),
    must("city", Name),
    may("region", Name),
    must("state_province", Name),
    must("postal_code", Name),
    must("country", Country),
    must("address_type", Code(PLACE_TYPE)),
];
const CONTACTS: &[Column] = &[
    must("id", Id),
    may("organization_id", Owner(Table::Organizations)),
    may("service_id", Owner(Table::Services)),
    may("service_at_location_id", Owner(Table::ServiceAtLocation)),
    may("location_id", Owner(Table::Locations)),
    may("name", Name),
    may("title", Name),
    may("department", Name),
    may("email", Email),
];
const PHONES: &[Column] = &[
    must("id", Id),
    may("organization_id", Owner(Table::Organizations)),
    may("service_id", Owner(Table::Services)),
    may("service_at_location_id", Owner(Table::ServiceAtLocation)),
    may("location_id", Owner(Table::Locations)),
    may("contact_id", Owner(Table::Contacts)),
    must("number", Phone),
    may("extension", Name),
    may("type", Name),
    may("description", Text),
];
const LANGUAGES: &[Column] = &[
    must("id", Id),
    may("service_id", Owner(Table::Services)),
    may("location_id", Owner(Table::Locations)),
    may("phone_id", Owner(Table::Phones)),
    may("name", Name),
    may("code", Language),
    may("note", Text),
];
const SCHEDULES: &[Column] = &[
    must("id", Id),
    may("service_id", Owner(Table::Services)),
    may("location_id", Owner(Table::Locations)),
    may("service_at_location_id", Owner(Table::ServiceAtLocation)),
    may("valid_from", Date),
    may("valid_to", Date),
    may("dtstart", Date),
    may("timezone", Hours),
    may("until", Date),
    may("count", Count { least: 1, most: 100_000 }),
    may("wkst", Code(WEEKDAY)),
    may("freq", Code(FREQUENCY)),
    may("interval", Count { least: 1, most: 1_000 }),
    may("byday", Days),
    may("byweekno", Numbers { most: 53 }),
    may("bymonthday", Numbers { most: 31 }),
    may("byyearday", Numbers { most: 366 }),
    may("description", Text),
    may("opens_at", Time),
    may("closes_at", Time),
    may("schedule_link", Url),
    may("attending_type", Text),
    may("notes", Text),
];
const SERVICE_AREAS: &[Column] = &[
    must("id", Id),
    may("service_id", Owner(Table::Services)),
    may("service_at_location_id", Owner(Table::ServiceAtLocation)),
    may("name", Text),
    may("description", Text),
    may("extent", Kind::Extent),
    may("extent_type", Code(EXTENT_TYPE)),
    may("uri", Name),
];
const ACCESSIBILITY: &[Column] = &[
    must("id", Id),
    may("location_id", Owner(Table::Locations)),
    may("description", Text),
    may("details", Text),
    may("url", Url),
];
const COST_OPTIONS: &[Column] = &[
    must("id", Id),
    must("service_id", Owner(Table::Services)),
    may("valid_from", Date),
    may("valid_to", Date),
    may("option", Text),
    may("currency", Currency),
    may("amount", Money),
    may("amount_description", Text),
];
const REQUIRED_DOCUMENTS: &[Column] = &[
    must("id", Id),
    may("service_id", Owner(Table::Services)),
    may("document", Text),
    may("uri", Url),
];
const FUNDING: &[Column] = &[
    must("id", Id),
    may("organization_id", Owner(Table::Organizations)),
    may("service_id", Owner(Table::Services)),
    may("source", Text),
];
const SERVICE_CAPACITIES: &[Column] = &[
    must("id", Id),
    must("service_id", Owner(Table::Services)),
    must("unit_id", Refers(Table::Units)),
    must("available", Count { least: 0, most: 1_000_000_000 }),
    may("maximum", Count { least: 0, most: 1_000_000_000 }),
    may("description", Text),
    must("updated", Instant),
];
const URLS: &[Column] = &[
    must("id", Id),
    may("label", Name),
    must("url", Url),
    may("organization_id", Owner(Table::Organizations)),
    may("service_id", Owner(Table::Services)),
];
const ATTRIBUTES: &[Column] = &[
    must("id", Id),
    must("link_id", Link),
    must("link_entity", Name),
    must("taxonomy_term_id", Refers(Table::TaxonomyTerms)),
    may("link_type", Name),
    may("value", Text),
    may("label", Name),
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_table_has_an_id_first_and_no_column_twice() {
        for table in Table::ALL {
            assert!(matches!(table.columns()[0], Column { name: "id", kind: Id, required: true }));
            let names: HashSet<_> = table.columns().iter().map(|c| c.name).collect();
            assert_eq!(names.len(), table.columns().len(), "{table}");
            assert_eq!(Table::of(table.name()), Some(*table));
        }
    }

    #[test]
    fn owners_are_linked_before_what_they_own() {
        for table in Table::ALL {
            for column in table.columns() {
                if let Owner(owner) = column.kind {
                    assert!(owner < *table, "{table} hangs below {owner}");
                }
            }
        }
    }

    #[test]
    fn a_table_is_known_in_the_singular_too() {
        assert_eq!(Table::of("Service"), Some(Table::Services));
        assert_eq!(Table::of("services_at_location"), Some(Table::ServiceAtLocation));
        assert_eq!(Table::of("metadata"), None);
    }
}
