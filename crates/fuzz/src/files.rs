//! Files that people and operators bring: directories, consents on paper, cases of the rules, configuration, and
//! files beside notes.

use directory::hsds;
use wire::notes::v1::MediaType;

use crate::requests::NOW;

/// Tables of a directory: `name` NUL `content` NUL, again and again.
pub fn hsds(data: &[u8]) {
    let mut parts = data.split(|byte| *byte == 0);
    let mut files = Vec::new();
    while let (Some(name), Some(content)) = (parts.next(), parts.next()) {
        files.push((String::from_utf8_lossy(name).into_owned(), content));
    }
    let import = hsds::parse(files.iter().map(|(name, content)| (&**name, *content)));
    let counts = import.counts();
    assert!(counts.organizations == import.organizations.len(), "organizations are counted twice");
    let (whole, refused) = (&import.organizations, &import.refused);
    for refused in refused.iter().filter_map(|refused| refused.id.as_ref()) {
        let imported = whole.iter().any(|tree| tree.id == *refused);
        assert!(!imported, "an organization is refused and imported");
    }
    directory::fuzzing::kept(&import, NOW);
    again(&import);
}

/// What was imported is exported as it was given: its export imports to the same.
fn again(import: &hsds::Import) {
    let given = import.organizations.iter().flat_map(|tree| &tree.rows).chain(&import.nobodys);
    let mut tables = std::collections::BTreeMap::new();
    let mut seen = std::collections::BTreeSet::new();
    for row in given.filter(|row| seen.insert((row.table, row.id.clone()))) {
        let cell =
            |column: &str| row.cells.iter().find(|(n, _)| *n == column).map(|(_, text)| &**text);
        let table = tables.entry(row.table).or_insert_with(|| hsds::header(row.table));
        table.push_str(&hsds::record(row.table, cell));
    }
    if import.organizations.is_empty() {
        return;
    }
    let named: Vec<_> =
        tables.iter().map(|(table, text)| (table.name(), text.as_bytes())).collect();
    let back = hsds::parse(named.iter().map(|(name, text)| (*name, *text)));
    assert!(
        back.organizations.len() == import.organizations.len(),
        "of {} organizations {} come back",
        import.organizations.len(),
        back.organizations.len()
    );
}

/// Consents on paper.
pub fn consents(data: &[u8]) {
    let Ok(rows) = trellis::paper::read(data) else { return };
    for row in rows {
        assert!(row.line >= 2, "a row before the header");
        match row.cells.and_then(trellis::paper::request) {
            Ok(request) => drop(rpc::valid(&request)),
            Err(faults) => assert!(!faults.is_empty(), "refused for nothing"),
        }
    }
}

/// Conformance cases of the rules.
pub fn cases(data: &[u8]) {
    if let Ok(report) = policy::cases::check_file(data) {
        assert!(report.passed() + report.failed() == report.results.len());
        let differs = report.results.iter().flat_map(|case| &case.differences);
        for differs in differs {
            assert!(!differs.starts_with("a list expected"), "a list differs from the decision");
        }
    }
}

/// A process's configuration.
pub fn config(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match trellis::fuzzing::config(&text) {
        Ok(config) => {
            assert!(!config.issuers.is_empty(), "nobody could sign in");
            assert!(!config.network.audience.trim().is_empty(), "tokens for anybody");
            assert!(config.serve.tls.is_some() || config.serve.listen.ip().is_loopback(), "open");
        }
        Err(error) => assert!(!error.to_string().contains('\n'), "an error of one line"),
    }
}

/// A pack of rules.
pub fn rules(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match trellis::fuzzing::rules(&text) {
        Ok(name) => assert!(!name.is_empty() && text.len() <= 64 * 1024, "a pack without a name"),
        Err(error) => assert!(!error.to_string().contains('\n'), "an error of one line"),
    }
}

/// A file beside a note, in one part and in two.
pub fn attachment(data: &[u8]) {
    let Some(([kind, at], bytes)) = data.split_first_chunk::<2>() else { return };
    let kind = i32::from(kind % 8);
    let (one, two) = bytes.split_at(usize::from(*at).min(bytes.len()));
    let whole = notes::fuzzing::look(kind, &[bytes]);
    // The first part tells the type, and a letter may go on in the next.
    let parted = notes::fuzzing::look(kind, &[one, two]);
    let text = kind == i32::from(MediaType::Text);
    assert!(!text || one.len() < 64 || whole == parted, "parts of a file are another file");
}
