use super::*;

pub(super) const WHOLE: &str = r#"
[network]
audience = "https://care.example.org"

[[issuers]]
issuer = "https://id.example.org"
jwks_url = "https://id.example.org/jwks"
algorithms = ["ES256"]
asserts = ["AGENCY_STAFF"]

[service_key]
directory = "keys"

[database]
url = "postgres://db.example.org/trellis"

[secrets]
page_tokens = "keys/page-tokens"

[ledger]
key = "keys/ledger-key"
anchors = "anchors"

[serve]
plaintext = true
"#;

fn refused(text: &str) -> String {
    let error = Config::parse(text).and_then(|config| config.check()).unwrap_err().to_string();
    assert_eq!(error.lines().count(), 1, "{error}");
    error
}

#[test]
fn the_least_that_is_a_configuration() {
    let config = Config::parse(WHOLE).unwrap();
    config.check().unwrap();
    assert!(!config.database.unsafe_durability, "never by default");
    assert_eq!(config.network.shared_identifier_systems, NetworkConfig::shared_systems());
    assert_eq!(config.staff_issuers().collect::<Vec<_>>(), ["https://id.example.org"]);
    let keys = config.identity().service_keys.unwrap();
    assert_eq!(keys.jwks_file.unwrap(), PathBuf::from("keys/network-jwks.json"));
}

#[test]
fn unknown_keys_are_refused_at_every_level_and_named_with_their_line() {
    for (table, key) in [
        ("", "audiense = 1\n"),
        ("[network]", "audiense = 'x'"),
        ("[serve]", "lisen = '127.0.0.1:1'"),
        ("[serve.limits]", "requets = 3"),
        ("[database]", "pasword = 'hunter2'"),
        ("[database.services.notes]", "pasword = 'hunter2'"),
        ("[peers]", "note = 'http://127.0.0.1:1'"),
        ("[telemetry]", "levl = 'info'"),
        ("[secrets]", "page_token = 'x'"),
        ("[consent]", "rule_pack = 'x'"),
        ("[people]", "matchin = 'x'"),
        ("[people.matching]", "lnik = 30.0"),
        ("[people.registers]", "onyl = []"),
        ("[people.webhooks]", "allow_loopbak = true"),
        ("[people.smtp]", "pasword = 'hunter2'"),
        ("[directory]", "capacity_stale_days = 1"),
        ("[referrals]", "webhook = 1"),
        ("[referrals.webhooks]", "allow_loopbak = true"),
        ("[notes]", "attachment = 1"),
        ("[notes.attachments]", "foldr = 'x'"),
        ("[notes.attachments.s3]", "secret_access_key = 'hunter2'"),
    ] {
        let name = key.split(" =").next().unwrap();
        let text = match WHOLE.contains(table) && !table.is_empty() {
            true => WHOLE.replace(table, &format!("{table}\n{key}")),
            false if table.is_empty() => format!("{key}{WHOLE}"),
            false => format!("{WHOLE}\n{table}\n{key}\n"),
        };
        let error = refused(&text);
        assert!(error.contains(&format!("`{name}`")) && error.contains("line "), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
    assert!(refused(&format!("{WHOLE}\n[database.services.gossip]\n")).contains("gossip"));
}

#[test]
fn thresholds_of_matching_are_stated_one_by_one() {
    let config = Config::parse(&format!("{WHOLE}\n[people.matching]\nlink = 30.0\n")).unwrap();
    let expected = people::Weights { link: 30.0, ..people::Weights::default() };
    assert_eq!(config.people.matching, expected);
}

#[test]
fn a_value_of_the_wrong_kind_names_its_key_and_is_not_repeated() {
    let text = format!("{WHOLE}\ndeadline_seconds = \"hunter2\"\n");
    let error = refused(&text);
    assert!(error.contains("serve.deadline_seconds must be"), "{error}");
    assert!(!error.contains("hunter2"), "{error}");
    let error = refused(&WHOLE.replace("[\"ES256\"]", "[\"HS256\"]"));
    assert!(error.contains("issuers.algorithms") || error.contains("HS256"), "{error}");
}

#[test]
fn what_is_for_tests_starts_on_a_loopback_address_alone() {
    let tls = "listen = \"0.0.0.0:1\"\n[serve.tls]\ncert = \"a\"\nkey = \"b\"\nclient_ca = \"c\"";
    let domain = "[network]\ntrust_domain = \"care.example.org\"";
    let open = WHOLE.replace("plaintext = true", tls).replace("[network]", domain);
    Config::parse(&open).unwrap().check().unwrap();
    for named in [
        "database.unsafe_durability",
        "referrals.webhooks.allow_loopback",
        "people.webhooks.allow_loopback",
        "trellis:dev",
    ] {
        let with = |text: &str| match named.strip_suffix(".allow_loopback") {
            Some(table) => format!("{text}\n[{table}]\nallow_loopback = true\n"),
            None if named == "trellis:dev" => {
                text.replace("\"https://id.example.org\"", "\"trellis:dev\"")
            }
            None => text.replace("[database]", "[database]\nunsafe_durability = true"),
        };
        Config::parse(&with(WHOLE)).unwrap().check().unwrap();
        let error = refused(&with(&open));
        assert!(error.contains(named) && error.contains("serve.listen"), "{named}: {error}");
    }
}

#[test]
fn what_would_turn_a_check_off_is_refused() {
    for (from, to, named) in [
        ("https://care.example.org", " ", "network.audience"),
        ("directory = \"keys\"", "", "service_key"),
        ("directory = \"keys\"", "directory = \"keys\"\nprivate = \"x\"", "service_key"),
        ("directory = \"keys\"", "private = \"x\"", "service_keys"),
        ("url = \"postgres://db.example.org/trellis\"", "", "database"),
        ("url = \"postgres:", "url_file = \"x\"\nurl = \"postgres:", "database"),
        ("[ledger]\nkey = \"keys/ledger-key\"\nanchors = \"anchors\"", "", "ledger"),
        ("anchors = \"anchors\"", "", "anchors"),
        ("https://care.example.org", "https://care example.org", "network.audience"),
        ("asserts = [\"AGENCY_STAFF\"]", "asserts = []", "issuers"),
        ("jwks_url = \"https:", "jwks_url = \"http:", "issuers"),
    ] {
        assert!(WHOLE.contains(from));
        let error = refused(&WHOLE.replace(from, to));
        assert!(error.contains(named), "{named}: {error}");
    }
    let start = WHOLE.find("[[issuers]]").unwrap();
    let end = WHOLE.find("[service_key]").unwrap();
    let none = format!("{}{}", &WHOLE[..start], &WHOLE[end..]);
    assert!(refused(&none).contains("issuers"));
    let open = format!("{WHOLE}\nlisten = \"0.0.0.0:50051\"\n");
    assert!(refused(&open).contains("without TLS"));
    let unasked = WHOLE.replace("plaintext = true", "");
    assert!(refused(&unasked).starts_with("serve.plaintext"), "{}", refused(&unasked));
}

/// A listener and peers with TLS, as far as these say.
fn secured(domain: &str, serve: &str, peers: &str) -> String {
    let files = "cert = 'c'\nkey = 'k'\n";
    WHOLE
        .replace("plaintext = true", &format!("[serve.tls]\n{files}{serve}"))
        .replace("[network]", &format!("[network]\n{domain}"))
        + &format!("\n[peers.tls]\nca = 'a'\n{peers}")
}

#[test]
fn mutual_tls_is_whole_or_refused() {
    let (domain, client_ca) = ("trust_domain = 'care.example.org'", "client_ca = 'a'");
    let own = "cert = 'c'\nkey = 'k'";
    let config = Config::parse(&secured(domain, client_ca, own)).unwrap();
    config.check().unwrap();
    assert_eq!(config.serve.tls.unwrap().trust_domain.as_deref(), Some("care.example.org"));
    for (domain, serve, peers, named) in [
        (domain, "", own, "serve.tls.client_ca is missing"),
        ("", client_ca, own, "needs network.trust_domain"),
        ("trust_domain = ''", client_ca, own, "network.trust_domain"),
        ("trust_domain = 'Care.example.org'", client_ca, own, "network.trust_domain"),
        (domain, client_ca, "key = 'k'", "missing field `cert`"),
        (domain, client_ca, "cert = 'c'", "missing field `key`"),
        (domain, "client_ca = 'a'\nreload_seconds = 0", own, "serve.tls.reload_seconds"),
        (domain, client_ca, "cert = 'c'\nkey = 'k'\nreload_seconds = 4000", "reload_seconds"),
        (domain, "client_ca = 'a'\ntrust_domain = 'x'", own, "`trust_domain`"),
    ] {
        let error = refused(&secured(domain, serve, peers));
        assert!(error.contains(named), "{named}: {error}");
    }
}

#[test]
fn files_are_in_a_folder_or_in_a_bucket_that_is_reached_by_tls() {
    let bucket = "bucket = 'b'\nregion = 'r'\naccess_key_id = 'k'\nsecret_access_key_file = 'f'\n";
    let s3 = |rest: &str| format!("{WHOLE}\n[notes.attachments.s3]\n{bucket}{rest}");
    for sealed in ["", "endpoint = 'https://s3.example.org'", "endpoint = 'http://127.0.0.1:9000'"]
    {
        Config::parse(&s3(sealed)).unwrap().check().unwrap();
    }
    let both = s3("").replace("[notes", "[notes.attachments]\nfolder = 'x'\n[notes");
    let text = s3("");
    for (text, named) in [
        (both, "notes.attachments takes"),
        (s3("endpoint = 'http://s3.example.org'"), "notes.attachments.s3.endpoint"),
        (s3("endpoint = 's3.example.org'"), "notes.attachments.s3.endpoint"),
        (text.replace("bucket = 'b'", "bucket = ' '"), "notes.attachments.s3.bucket"),
        (text.replace("region = 'r'", "region = ''"), "notes.attachments.s3.region"),
        (text.replace("secret_access_key_file = 'f'", ""), "secret_access_key_file"),
    ] {
        let error = refused(&text);
        assert!(error.contains(named), "{named}: {error}");
    }
}

#[test]
fn paths_are_relative_to_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("trellis.toml");
    fs::write(&path, format!("{WHOLE}\n[consent]\nrule_packs = ['x.toml']")).unwrap();
    let config = Config::load(&path).unwrap();
    assert_eq!(config.consent.rule_packs, [dir.path().join("x.toml")]);
    assert_eq!(config.notes.attachments.folder, Some(dir.path().join("attachments")));
    assert_eq!(config.secrets.page_tokens, dir.path().join("keys/page-tokens"));
    assert_eq!(config.anchor(Service::Notes), dir.path().join("anchors/notes.checkpoints"));
    assert_eq!(config.log_name(Service::Notes).unwrap().as_str(), "care.example.org/notes");
    assert_eq!(config.service_key.private_file().unwrap(), dir.path().join("keys/network-key.pem"));
}

#[test]
fn a_url_with_a_password_shows_in_no_debug_output() {
    let text = WHOLE.replace("postgres://", "postgres://me:hunter2@");
    assert!(!format!("{:?}", Config::parse(&text).unwrap()).contains("hunter2"));
}

#[test]
fn a_deployment_says_whose_people_it_holds() {
    let with = |registers: &str| format!("{WHOLE}\n[people]\nregisters = {registers}\n");
    let agency = "agencies/0192f7a4-0000-7000-8000-000000000001";
    for (text, held) in [
        ("\"everybody\"".to_owned(), people::Registers::Everybody),
        ("\"no-victim-services\"".to_owned(), people::Registers::NoVictimServices),
        (
            format!("{{ only = [\"{agency}\"] }}"),
            people::Registers::Only(vec![wire::convert::id_of("agencies", agency).unwrap()]),
        ),
    ] {
        let config = Config::parse(&with(&text)).unwrap();
        config.check().unwrap();
        assert_eq!(config.people.registers.open().unwrap(), held);
    }
    for bad in ["{ only = [] }", "{ only = [\"the refuge\"] }"] {
        assert!(refused(&with(bad)).contains("people.registers.only"), "{bad}");
    }
}
