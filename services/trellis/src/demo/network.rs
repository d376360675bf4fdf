//! Act 1: agencies join, with their services and capacity.

use std::io::Write;

use anyhow::ensure;
use kernel::{Purpose, Role};
use tokio_stream::iter;
use wire::{
    common::v1::Sector,
    directory::v1::{
        AgencyBinding, Capacity, CapacityStatus, CreateServiceRequest, ImportDirectoryRequest,
        RegisterAgencyRequest, SearchServicesRequest, SetCapacityRequest, SupportKind,
    },
};

use super::{
    Cast,
    actor::{Actor, Stage},
    checks::{request_id, there},
    county,
    telling::Telling,
};

fn agency(display_name: &str, sector: Sector) -> RegisterAgencyRequest {
    RegisterAgencyRequest {
        request_id: request_id(),
        display_name: display_name.to_owned(),
        sector: sector.into(),
        bindings: vec![AgencyBinding {
            issuer: identity::DEV_ISSUER.to_owned(),
            client_ids: vec!["demo".to_owned()],
        }],
        ..RegisterAgencyRequest::default()
    }
}

async fn register(admin: &Actor, request: RegisterAgencyRequest) -> anyhow::Result<String> {
    let reply = admin.directory().register_agency(request).await?.into_inner();
    Ok(there(reply.agency, "agency")?.name)
}

pub async fn join(stage: &Stage<'_>, t: &mut Telling<impl Write>) -> anyhow::Result<Cast> {
    t.act("The network: agencies of several sectors join")?;
    let admin = stage.admin()?;
    let health = RegisterAgencyRequest {
        covered_entity: true,
        ..agency("Rivergate Health", Sector::Healthcare)
    };
    let health = register(&admin, health).await?;
    let clinic = RegisterAgencyRequest {
        parent: health,
        part2_program: true,
        covered_entity: true,
        ..agency("Rivergate Recovery Center", Sector::Healthcare)
    };
    let clinic = register(&admin, clinic).await?;
    let housing = register(&admin, agency("Harbor Homes", Sector::Housing)).await?;
    let probation = register(&admin, agency("Linden County Probation", Sector::Justice)).await?;
    let hospital = RegisterAgencyRequest {
        covered_entity: true,
        ..agency("Linden General Hospital", Sector::Healthcare)
    };
    let hospital = register(&admin, hospital).await?;
    let refuge = RegisterAgencyRequest {
        victim_service_provider: true,
        ..agency("Juniper House", Sector::Other)
    };
    let refuge = register(&admin, refuge).await?;
    let prosecutor = agency("Linden County Prosecutor", Sector::Justice);
    let prosecutor = register(&admin, prosecutor).await?;
    t.step(
        "Rivergate Health joins with its SUD program as a unit of its own (Part 2), then Harbor \
         Homes, Linden County Probation, a hospital, a refuge (victim service provider) and the \
         prosecutor.",
        &admin.who,
        "RegisterAgency x7",
        "OK",
    )?;
    import(&admin, t).await?;
    offers(stage, &clinic, &housing, &probation, t).await?;
    let care = [Purpose::Treat, Purpose::CoordinationOfCare];
    let place = [Purpose::CoordinationOfCare, Purpose::HousingPlacement];
    Ok(Cast {
        clinician: stage.staff(
            "clinician, Rivergate Recovery Center",
            "dr-okafor",
            &clinic,
            &[Role::Clinician],
            &care,
        )?,
        case_manager: stage.staff(
            "case manager, Harbor Homes",
            "cm-lindqvist",
            &housing,
            &[Role::CaseManager],
            &place,
        )?,
        officer: stage.staff(
            "officer, Linden County Probation",
            "po-bright",
            &probation,
            &[Role::Officer],
            &[Purpose::Supervision],
        )?,
        privacy_officer: stage.staff(
            "privacy officer, Rivergate Recovery Center",
            "pv-ames",
            &clinic,
            &[Role::PrivacyOfficer],
            &[Purpose::HealthcareOperations],
        )?,
        ana: stage.person("Ana, the person", "ana")?,
        admin,
        clinic,
        housing,
        probation,
        hospital,
        refuge,
        prosecutor,
        person: String::new(),
        note: String::new(),
        attendance: String::new(),
        housing_consent: String::new(),
        justice_consent: String::new(),
        done: String::new(),
        open: String::new(),
    })
}

async fn import(admin: &Actor, t: &mut Telling<impl Write>) -> anyhow::Result<()> {
    let chunks = county::TABLES.iter().map(|(table, csv)| ImportDirectoryRequest {
        table: (*table).to_owned(),
        data: csv.as_bytes().to_vec(),
        ..Default::default()
    });
    let reply = admin.directory().import_directory(iter(chunks)).await?.into_inner();
    ensure!(reply.rejection_count == 0 && reply.organizations == 5, "the county: {reply:?}");
    t.step(
        "The county's own directory comes in as HSDS 3 tables.",
        &admin.who,
        "ImportDirectory",
        &format!(
            "OK: {} organizations, {} services, {} locations",
            reply.organizations, reply.services, reply.locations
        ),
    )
}

async fn offers(
    stage: &Stage<'_>,
    clinic: &str,
    housing: &str,
    probation: &str,
    t: &mut Telling<impl Write>,
) -> anyhow::Result<()> {
    for (agency, name, need, kind, available) in [
        (clinic, "Outpatient SUD treatment", "106-01", SupportKind::Emotional, 6),
        (housing, "Transitional apartments", "103-05-04", SupportKind::Instrumental, 2),
        (probation, "Reentry coordination", "111-01", SupportKind::Informational, 20),
    ] {
        let admin = stage.staff("agency administrator", "aa", agency, &[Role::AgencyAdmin], &[])?;
        let service = CreateServiceRequest {
            request_id: request_id(),
            display_name: name.to_owned(),
            need_categories: vec![need.to_owned()],
            languages: vec!["en".to_owned(), "es".to_owned()],
            support_kinds: vec![kind.into()],
            ..CreateServiceRequest::default()
        };
        let reply = admin.directory().create_service(service).await?.into_inner();
        let capacity = SetCapacityRequest {
            request_id: request_id(),
            service: there(reply.service, "service")?.name,
            capacity: Some(Capacity {
                status: CapacityStatus::Capacity.into(),
                available,
                unit: "place".to_owned(),
                ..Capacity::default()
            }),
            etag: String::new(),
        };
        admin.directory().set_capacity(capacity).await?;
    }
    t.step(
        "Each says what it offers and what it can take now.",
        "each agency's administrator",
        "CreateService, SetCapacity",
        "OK",
    )?;
    let asker = stage.staff("a", "cm", clinic, &[Role::CaseManager], &[Purpose::Treat])?;
    let search = SearchServicesRequest {
        need_category: "103".to_owned(),
        with_capacity: true,
        ..SearchServicesRequest::default()
    };
    let found = asker.directory().search_services(search).await?.into_inner().services;
    ensure!(found.len() == 1, "one housing service has room");
    t.step(
        "Who has a place to live, now? The question names no person.",
        "case manager, Rivergate Recovery Center",
        "SearchServices",
        "OK: Transitional apartments, 2 places",
    )
}
