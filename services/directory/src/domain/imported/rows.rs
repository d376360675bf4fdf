//! What hangs below an organization, one list a table, as the store takes it: the fields are the
//! tables' columns.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;
use time::{Date, UtcOffset, format_description::well_known::Rfc3339};

use crate::hsds;

#[derive(Debug, Serialize)]
pub(crate) struct Location {
    pub source_id: String,
    kind: &'static str,
    maintained_by: Option<String>,
    name: Option<String>,
    alternate_name: Option<String>,
    description: Option<String>,
    transportation: Option<String>,
    url: Option<String>,
    latitude: Option<f64>,
    longitude: Option<f64>,
    external_identifier: Option<String>,
    external_identifier_type: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct ServiceAtLocation {
    pub source_id: String,
    service_source_id: String,
    location_source_id: String,
    description: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Address {
    pub source_id: String,
    location_source_id: String,
    kind: &'static str,
    attention: Option<String>,
    address_1: String,
    address_2: Option<String>,
    city: String,
    region: Option<String>,
    state_province: String,
    postal_code: String,
    country: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct Phone {
    pub source_id: String,
    owner_kind: &'static str,
    owner_source_id: String,
    number: String,
    extension: Option<String>,
    kind: Option<String>,
    description: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Language {
    pub source_id: String,
    owner_kind: &'static str,
    owner_source_id: String,
    name: Option<String>,
    code: Option<String>,
    note: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct TaxonomyTerm {
    pub source_id: String,
    code: Option<String>,
    name: String,
    taxonomy: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Attribute {
    pub source_id: String,
    owner_kind: &'static str,
    owner_source_id: String,
    term_source_id: String,
    link_type: Option<String>,
    value: Option<String>,
    label: Option<String>,
}

/// A row of a table that no query asks for yet.
#[derive(Debug, Serialize)]
pub(crate) struct Detail {
    pub kind: &'static str,
    pub source_id: String,
    owner_kind: &'static str,
    owner_source_id: String,
    content: Value,
}

#[derive(Debug, Default)]
pub(crate) struct Rows {
    pub locations: Vec<Location>,
    pub services_at_locations: Vec<ServiceAtLocation>,
    pub addresses: Vec<Address>,
    pub phones: Vec<Phone>,
    pub languages: Vec<Language>,
    /// By their ids: many attributes name one term.
    pub terms: BTreeMap<String, TaxonomyTerm>,
    pub attributes: Vec<Attribute>,
    pub details: Vec<Detail>,
}

/// What a row hangs below.
type Owner<'a> = (&'static str, &'a str);

/// The pairs that hold something.
pub(super) fn object<const N: usize>(pairs: [(&str, Value); N]) -> Value {
    let filled = pairs.into_iter().filter(|(_, value)| !value.is_null());
    Value::Object(filled.map(|(name, value)| (name.to_owned(), value)).collect())
}

fn place(kind: hsds::PlaceType) -> &'static str {
    match kind {
        hsds::PlaceType::Physical => "physical",
        hsds::PlaceType::Postal => "postal",
        hsds::PlaceType::Virtual => "virtual",
    }
}

fn date(date: Option<Date>) -> Value {
    date.map(|d| d.to_string()).into()
}

fn time(time: Option<hsds::TimeOfDay>) -> Value {
    let spelled = time.map(|t| {
        let (hour, minute, second) = t.time.as_hms();
        let offset = t.offset.map(|o: UtcOffset| o.to_string()).unwrap_or_default();
        format!("{hour:02}:{minute:02}:{second:02}{offset}")
    });
    spelled.into()
}

impl Rows {
    pub(super) fn of(tree: &hsds::OrganizationTree) -> Self {
        let mut rows = Self::default();
        let owner = ("organization", &*tree.id);
        for one in &tree.identifiers {
            let content = object([
                ("identifier_scheme", one.scheme.clone().into()),
                ("identifier_type", one.kind.clone().into()),
                ("identifier", one.value.clone().into()),
            ]);
            rows.detail("organization_identifiers", &one.id, owner, content);
        }
        for one in &tree.programs {
            let content = object([
                ("name", one.name.clone().into()),
                ("alternate_name", one.alternate_name.clone().into()),
                ("description", one.description.clone().into()),
            ]);
            rows.detail("programs", &one.id, owner, content);
        }
        rows.contacts(&tree.contacts, owner);
        rows.phones(&tree.phones, owner);
        rows.attributes(&tree.attributes, owner);
        for service in &tree.services {
            rows.service(service);
        }
        for location in &tree.locations {
            rows.location(location);
        }
        rows.once();
        rows
    }

    /// A row that names two owners, as a telephone of a service at a location may, stands below the
    /// first of them only.
    fn once(&mut self) {
        fn first<T>(rows: &mut Vec<T>, key: impl Fn(&T) -> (&'static str, String)) {
            let mut seen = BTreeSet::new();
            rows.retain(|row| seen.insert(key(row)));
        }
        first(&mut self.phones, |row| ("", row.source_id.clone()));
        first(&mut self.languages, |row| ("", row.source_id.clone()));
        first(&mut self.attributes, |row| ("", row.source_id.clone()));
        first(&mut self.details, |row| (row.kind, row.source_id.clone()));
    }

    fn detail(&mut self, kind: &'static str, id: &str, owner: Owner<'_>, content: Value) {
        self.details.push(Detail {
            kind,
            source_id: id.to_owned(),
            owner_kind: owner.0,
            owner_source_id: owner.1.to_owned(),
            content,
        });
    }

    fn service(&mut self, service: &hsds::Service) {
        let owner = ("service", &*service.id);
        self.languages(&service.languages, owner);
        self.phones(&service.phones, owner);
        self.contacts(&service.contacts, owner);
        self.schedules(&service.schedules, owner);
        self.areas(&service.areas, owner);
        self.attributes(&service.attributes, owner);
        for one in &service.costs {
            let content = object([
                ("valid_from", date(one.valid_from)),
                ("valid_to", date(one.valid_to)),
                ("option", one.option.clone().into()),
                ("currency", one.currency.clone().into()),
                ("amount", one.amount.clone().into()),
                ("amount_description", one.amount_description.clone().into()),
            ]);
            self.detail("cost_options", &one.id, owner, content);
        }
        for one in &service.required_documents {
            let content = object([
                ("document", one.document.clone().into()),
                ("uri", one.uri.clone().into()),
            ]);
            self.detail("required_documents", &one.id, owner, content);
        }
        for one in &service.capacities {
            let content = object([
                ("unit", one.unit.clone().into()),
                ("available", one.available.into()),
                ("maximum", one.maximum.into()),
                ("description", one.description.clone().into()),
                ("updated", one.as_of.format(&Rfc3339).ok().into()),
            ]);
            self.detail("service_capacities", &one.id, owner, content);
        }
        for at in &service.at {
            self.services_at_locations.push(ServiceAtLocation {
                source_id: at.id.clone(),
                service_source_id: service.id.clone(),
                location_source_id: at.location_id.clone(),
                description: at.description.clone(),
            });
            let owner = ("service_at_location", &*at.id);
            self.phones(&at.phones, owner);
            self.contacts(&at.contacts, owner);
            self.schedules(&at.schedules, owner);
            self.areas(&at.areas, owner);
            self.attributes(&at.attributes, owner);
        }
    }

    fn location(&mut self, location: &hsds::Location) {
        let owner = ("location", &*location.id);
        self.locations.push(Location {
            source_id: location.id.clone(),
            kind: place(location.kind),
            maintained_by: location.maintained_by.clone(),
            name: location.name.clone(),
            alternate_name: location.alternate_name.clone(),
            description: location.description.clone(),
            transportation: location.transportation.clone(),
            url: location.url.clone(),
            latitude: location.position.map(|p| p.latitude),
            longitude: location.position.map(|p| p.longitude),
            external_identifier: location.external_identifier.clone(),
            external_identifier_type: location.external_identifier_type.clone(),
        });
        self.addresses.extend(location.addresses.iter().map(|one| Address {
            source_id: one.id.clone(),
            location_source_id: location.id.clone(),
            kind: place(one.kind),
            attention: one.attention.clone(),
            address_1: one.address_1.clone(),
            address_2: one.address_2.clone(),
            city: one.city.clone(),
            region: one.region.clone(),
            state_province: one.state_province.clone(),
            postal_code: one.postal_code.clone(),
            country: one.country.clone(),
        }));
        for one in &location.accessibility {
            let content = object([
                ("description", one.description.clone().into()),
                ("details", one.details.clone().into()),
                ("url", one.url.clone().into()),
            ]);
            self.detail("accessibility", &one.id, owner, content);
        }
        self.languages(&location.languages, owner);
        self.phones(&location.phones, owner);
        self.contacts(&location.contacts, owner);
        self.schedules(&location.schedules, owner);
        self.attributes(&location.attributes, owner);
    }

    fn contacts(&mut self, contacts: &[hsds::Contact], owner: Owner<'_>) {
        for one in contacts {
            let content = object([
                ("name", one.name.clone().into()),
                ("title", one.title.clone().into()),
                ("department", one.department.clone().into()),
                ("email", one.email.clone().into()),
            ]);
            self.detail("contacts", &one.id, owner, content);
            self.phones(&one.phones, ("contact", &one.id));
        }
    }

    fn phones(&mut self, phones: &[hsds::Phone], owner: Owner<'_>) {
        for one in phones {
            self.phones.push(Phone {
                source_id: one.id.clone(),
                owner_kind: owner.0,
                owner_source_id: owner.1.to_owned(),
                number: one.number.clone(),
                extension: one.extension.clone(),
                kind: one.kind.clone(),
                description: one.description.clone(),
            });
            self.languages(&one.languages, ("phone", &one.id));
        }
    }

    fn languages(&mut self, languages: &[hsds::Language], owner: Owner<'_>) {
        self.languages.extend(languages.iter().map(|one| Language {
            source_id: one.id.clone(),
            owner_kind: owner.0,
            owner_source_id: owner.1.to_owned(),
            name: one.name.clone(),
            code: one.code.clone(),
            note: one.note.clone(),
        }));
    }

    fn attributes(&mut self, attributes: &[hsds::Attribute], owner: Owner<'_>) {
        for one in attributes {
            self.attributes.push(Attribute {
                source_id: one.id.clone(),
                owner_kind: owner.0,
                owner_source_id: owner.1.to_owned(),
                term_source_id: one.term.id.clone(),
                link_type: one.link_type.clone(),
                value: one.value.clone(),
                label: one.label.clone(),
            });
            self.terms.entry(one.term.id.clone()).or_insert_with(|| TaxonomyTerm {
                source_id: one.term.id.clone(),
                code: one.term.code.clone(),
                name: one.term.name.clone(),
                taxonomy: one.term.taxonomy.clone(),
            });
        }
    }

    fn areas(&mut self, areas: &[hsds::ServiceArea], owner: Owner<'_>) {
        for one in areas {
            let content = object([
                ("name", one.name.clone().into()),
                ("description", one.description.clone().into()),
                ("extent", one.extent.clone().into()),
                ("extent_type", one.extent_type.clone().into()),
                ("uri", one.uri.clone().into()),
            ]);
            self.detail("service_areas", &one.id, owner, content);
        }
    }

    fn schedules(&mut self, schedules: &[hsds::Schedule], owner: Owner<'_>) {
        for one in schedules {
            let content = object([
                ("valid_from", date(one.valid_from)),
                ("valid_to", date(one.valid_to)),
                ("dtstart", date(one.dtstart)),
                ("timezone", one.timezone.into()),
                ("until", date(one.until)),
                ("count", one.count.into()),
                ("wkst", one.wkst.clone().into()),
                ("freq", one.freq.clone().into()),
                ("interval", one.interval.into()),
                ("byday", one.byday.clone().into()),
                ("byweekno", one.byweekno.clone().into()),
                ("bymonthday", one.bymonthday.clone().into()),
                ("byyearday", one.byyearday.clone().into()),
                ("description", one.description.clone().into()),
                ("opens_at", time(one.opens_at)),
                ("closes_at", time(one.closes_at)),
                ("schedule_link", one.schedule_link.clone().into()),
                ("attending_type", one.attending_type.clone().into()),
                ("notes", one.notes.clone().into()),
            ]);
            self.detail("schedules", &one.id, owner, content);
        }
    }
}
