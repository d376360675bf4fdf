//! Rows to trees. Called for organizations whose every row is sound; still, whatever is missing
//! makes `None`, and the caller refuses the organization.

use std::{collections::BTreeSet, sync::Arc};

use kernel::Sector;

use super::{
    category::meaning,
    link::{At, Linked},
    rows::Row,
    schema::Table,
    tree::{
        Accessibility, Address, Attribute, Capacity, Contact, CostOption, Identifier, Language,
        Location, OrganizationTree, Phone, PlaceType, Position, Program, RequiredDocument,
        Schedule, Service, ServiceArea, ServiceAtLocation, ServiceStatus, Term,
    },
};

/// Terms and locations are made once and shared: a small file can use one many times.
#[derive(Debug)]
pub(super) struct Builder<'a> {
    linked: &'a Linked<'a>,
    terms: Vec<Option<Arc<Term>>>,
    locations: Vec<Option<Arc<Location>>>,
}

impl<'a> Builder<'a> {
    pub(super) fn of(linked: &'a Linked<'a>) -> Self {
        let mut builder = Self { linked, terms: Vec::new(), locations: Vec::new() };
        let terms = linked.rows(Table::TaxonomyTerms);
        builder.terms = terms.iter().map(|row| builder.term(row).map(Arc::new)).collect();
        let locations = linked.rows(Table::Locations).iter().enumerate();
        builder.locations = locations
            .map(|(n, row)| builder.location((Table::Locations, n), row).map(Arc::new))
            .collect();
        builder
    }

    pub(super) fn organization(&self, n: usize) -> Option<OrganizationTree> {
        let at = (Table::Organizations, n);
        let row = self.linked.row(at)?;
        Some(OrganizationTree {
            id: row.own("id")?,
            name: row.own("name")?,
            alternate_name: row.own("alternate_name"),
            description: row.own("description"),
            email: row.own("email"),
            website: row.own("website"),
            tax_status: row.own("tax_status"),
            tax_id: row.own("tax_id"),
            year_incorporated: row.whole("year_incorporated"),
            legal_status: row.own("legal_status"),
            logo: row.own("logo"),
            uri: row.own("uri"),
            parent_id: row.own("parent_organization_id"),
            identifiers: self.each(at, Table::OrganizationIdentifiers, |_, row| identifier(row))?,
            programs: self.each(at, Table::Programs, |_, row| program(row))?,
            services: self.each(at, Table::Services, |at, row| self.service(at, row))?,
            locations: self
                .each(at, Table::Locations, |(_, n), _| self.locations.get(n)?.clone())?,
            contacts: self.contacts(at)?,
            phones: self.phones(at)?,
            funding: self.funding(at),
            attributes: self.attributes(at)?,
            rows: Vec::new(),
        })
    }

    fn each<T>(
        &self,
        of: At,
        table: Table,
        build: impl Fn(At, &Row) -> Option<T>,
    ) -> Option<Vec<T>> {
        self.linked.children(of, table).map(|(n, row)| build((table, n), row)).collect()
    }

    fn service(&self, at: At, row: &Row) -> Option<Service> {
        let attributes = self.attributes(at)?;
        let meanings: Vec<_> = attributes
            .iter()
            .filter(|a| is_open_eligibility(a.term.taxonomy.as_deref()))
            .filter_map(|a| meaning(a.term.code.as_deref()?))
            .collect();
        let sectors: BTreeSet<_> = meanings.iter().map(|m| m.sector).collect();
        Some(Service {
            id: row.own("id")?,
            program_id: row.own("program_id"),
            name: row.own("name")?,
            alternate_name: row.own("alternate_name"),
            description: row.own("description"),
            url: row.own("url"),
            email: row.own("email"),
            status: status(row)?,
            interpretation_services: row.own("interpretation_services"),
            application_process: row.own("application_process"),
            fees_description: row.own("fees_description"),
            wait_time: row.own("wait_time"),
            accreditations: row.own("accreditations"),
            eligibility_description: row.own("eligibility_description"),
            minimum_age: row.number("minimum_age"),
            maximum_age: row.number("maximum_age"),
            assured_date: row.date("assured_date"),
            assurer_email: row.own("assurer_email"),
            alert: row.own("alert"),
            needs: meanings.iter().map(|m| m.need).collect(),
            support: meanings.iter().map(|m| m.support).collect(),
            sector: sectors
                .first()
                .filter(|_| sectors.len() == 1)
                .copied()
                .unwrap_or(Sector::Other),
            at: self
                .each(at, Table::ServiceAtLocation, |at, row| self.service_at_location(at, row))?,
            languages: self.languages(at)?,
            phones: self.phones(at)?,
            contacts: self.contacts(at)?,
            schedules: self.each(at, Table::Schedules, |_, row| schedule(row))?,
            areas: self.each(at, Table::ServiceAreas, |_, row| area(row))?,
            costs: self.each(at, Table::CostOptions, |_, row| cost(row))?,
            required_documents: self.each(at, Table::RequiredDocuments, |_, row| document(row))?,
            capacities: self.each(at, Table::ServiceCapacities, |_, row| self.capacity(row))?,
            funding: self.funding(at),
            attributes,
        })
    }

    fn service_at_location(&self, at: At, row: &Row) -> Option<ServiceAtLocation> {
        Some(ServiceAtLocation {
            id: row.own("id")?,
            location_id: row.own("location_id")?,
            description: row.own("description"),
            phones: self.phones(at)?,
            contacts: self.contacts(at)?,
            schedules: self.each(at, Table::Schedules, |_, row| schedule(row))?,
            areas: self.each(at, Table::ServiceAreas, |_, row| area(row))?,
            attributes: self.attributes(at)?,
        })
    }

    fn location(&self, at: At, row: &Row) -> Option<Location> {
        let position = row.number("latitude").zip(row.number("longitude"));
        Some(Location {
            id: row.own("id")?,
            kind: place(row, "location_type")?,
            maintained_by: row.own("organization_id"),
            url: row.own("url"),
            name: row.own("name"),
            alternate_name: row.own("alternate_name"),
            description: row.own("description"),
            transportation: row.own("transportation"),
            position: position.map(|(latitude, longitude)| Position { latitude, longitude }),
            external_identifier: row.own("external_identifier"),
            external_identifier_type: row.own("external_identifier_type"),
            addresses: self.each(at, Table::Addresses, |_, row| address(row))?,
            accessibility: self.each(at, Table::Accessibility, |_, row| accessibility(row))?,
            languages: self.languages(at)?,
            phones: self.phones(at)?,
            contacts: self.contacts(at)?,
            schedules: self.each(at, Table::Schedules, |_, row| schedule(row))?,
            attributes: self.attributes(at)?,
        })
    }

    fn contacts(&self, of: At) -> Option<Vec<Contact>> {
        self.each(of, Table::Contacts, |at, row| {
            Some(Contact {
                id: row.own("id")?,
                name: row.own("name"),
                title: row.own("title"),
                department: row.own("department"),
                email: row.own("email"),
                phones: self.phones(at)?,
            })
        })
    }

    fn phones(&self, of: At) -> Option<Vec<Phone>> {
        self.each(of, Table::Phones, |at, row| {
            Some(Phone {
                id: row.own("id")?,
                number: row.own("number")?,
                extension: row.own("extension"),
                kind: row.own("type"),
                description: row.own("description"),
                languages: self.languages(at)?,
            })
        })
    }

    fn languages(&self, of: At) -> Option<Vec<Language>> {
        self.each(of, Table::Languages, |_, row| {
            Some(Language {
                id: row.own("id")?,
                name: row.own("name"),
                code: row.own("code"),
                note: row.own("note"),
            })
        })
    }

    fn funding(&self, of: At) -> Vec<String> {
        self.linked.children(of, Table::Funding).filter_map(|(_, row)| row.own("source")).collect()
    }

    fn capacity(&self, row: &Row) -> Option<Capacity> {
        let (_, unit) = self.linked.named(Table::Units, row.text("unit_id")?)?;
        Some(Capacity {
            id: row.own("id")?,
            unit: unit.own("name")?,
            available: row.whole("available")?,
            maximum: row.whole("maximum"),
            description: row.own("description"),
            as_of: row.instant("updated")?,
        })
    }

    fn attributes(&self, of: At) -> Option<Vec<Attribute>> {
        self.each(of, Table::Attributes, |_, row| {
            let (term, _) =
                self.linked.named(Table::TaxonomyTerms, row.text("taxonomy_term_id")?)?;
            Some(Attribute {
                id: row.own("id")?,
                term: self.terms.get(term)?.clone()?,
                link_type: row.own("link_type"),
                value: row.own("value"),
                label: row.own("label"),
            })
        })
    }

    fn term(&self, row: &Row) -> Option<Term> {
        let taxonomy = || {
            let (_, row) = self.linked.named(Table::Taxonomies, row.text("taxonomy_id")?)?;
            row.own("name")
        };
        Some(Term {
            id: row.own("id")?,
            code: row.own("code"),
            name: row.own("name")?,
            taxonomy: taxonomy().or_else(|| row.own("taxonomy")),
        })
    }
}

fn is_open_eligibility(taxonomy: Option<&str>) -> bool {
    taxonomy.is_some_and(|name| name.eq_ignore_ascii_case("Open Eligibility"))
}

fn status(row: &Row) -> Option<ServiceStatus> {
    Some(match row.text("status")? {
        "active" => ServiceStatus::Active,
        "inactive" => ServiceStatus::Inactive,
        "defunct" => ServiceStatus::Defunct,
        "temporarily closed" => ServiceStatus::TemporarilyClosed,
        _ => return None,
    })
}

fn place(row: &Row, column: &str) -> Option<PlaceType> {
    Some(match row.text(column)? {
        "physical" => PlaceType::Physical,
        "postal" => PlaceType::Postal,
        "virtual" => PlaceType::Virtual,
        _ => return None,
    })
}

fn identifier(row: &Row) -> Option<Identifier> {
    Some(Identifier {
        id: row.own("id")?,
        scheme: row.own("identifier_scheme"),
        kind: row.own("identifier_type")?,
        value: row.own("identifier")?,
    })
}

fn program(row: &Row) -> Option<Program> {
    Some(Program {
        id: row.own("id")?,
        name: row.own("name")?,
        alternate_name: row.own("alternate_name"),
        description: row.own("description"),
    })
}

fn address(row: &Row) -> Option<Address> {
    Some(Address {
        id: row.own("id")?,
        kind: place(row, "address_type")?,
        attention: row.own("attention"),
        address_1: row.own("address_1")?,
        address_2: row.own("address_2"),
        city: row.own("city")?,
        region: row.own("region"),
        state_province: row.own("state_province")?,
        postal_code: row.own("postal_code")?,
        country: row.own("country")?,
    })
}

fn accessibility(row: &Row) -> Option<Accessibility> {
    Some(Accessibility {
        id: row.own("id")?,
        description: row.own("description"),
        details: row.own("details"),
        url: row.own("url"),
    })
}

fn schedule(row: &Row) -> Option<Schedule> {
    Some(Schedule {
        id: row.own("id")?,
        valid_from: row.date("valid_from"),
        valid_to: row.date("valid_to"),
        dtstart: row.date("dtstart"),
        timezone: row.number("timezone"),
        until: row.date("until"),
        count: row.whole("count"),
        wkst: row.own("wkst"),
        freq: row.own("freq"),
        interval: row.whole("interval"),
        byday: row.own("byday"),
        byweekno: row.own("byweekno"),
        bymonthday: row.own("bymonthday"),
        byyearday: row.own("byyearday"),
        description: row.own("description"),
        opens_at: row.time("opens_at"),
        closes_at: row.time("closes_at"),
        schedule_link: row.own("schedule_link"),
        attending_type: row.own("attending_type"),
        notes: row.own("notes"),
    })
}

fn area(row: &Row) -> Option<ServiceArea> {
    Some(ServiceArea {
        id: row.own("id")?,
        name: row.own("name"),
        description: row.own("description"),
        extent: row.own("extent"),
        extent_type: row.own("extent_type"),
        uri: row.own("uri"),
    })
}

fn cost(row: &Row) -> Option<CostOption> {
    Some(CostOption {
        id: row.own("id")?,
        valid_from: row.date("valid_from"),
        valid_to: row.date("valid_to"),
        option: row.own("option"),
        currency: row.own("currency"),
        amount: row.own("amount"),
        amount_description: row.own("amount_description"),
    })
}

fn document(row: &Row) -> Option<RequiredDocument> {
    Some(RequiredDocument {
        id: row.own("id")?,
        document: row.own("document"),
        uri: row.own("uri"),
    })
}
