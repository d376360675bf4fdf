//! The names of services in certificates: SPIFFE IDs, as URIs among the alternative names.
//!
//! Compared byte by byte, and never taken apart. A certificate may name several services, for a
//! process that runs several; each is then as good as its own.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use webpki::EndEntityCert;

/// More than there are services.
const MOST: usize = 32;

/// What a service is called in its certificate.
pub fn spiffe_id(trust_domain: &str, service: &str) -> String {
    format!("{}{service}", prefix(trust_domain))
}

fn prefix(trust_domain: &str) -> String {
    format!("spiffe://{trust_domain}/trellis/")
}

/// Whether it can be a trust domain: SPIFFE ID, section 2.1.
pub fn is_trust_domain(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-._".contains(&b);
    !name.is_empty() && name.len() <= 255 && name.bytes().all(allowed)
}

/// The services of this trust domain that a certificate names; none where it can't be read.
pub(crate) fn services(certificate: &CertificateDer<'_>, trust_domain: &str) -> Arc<[String]> {
    let Ok(certificate) = EndEntityCert::try_from(certificate) else { return Arc::from([]) };
    let prefix = prefix(trust_domain);
    let names = certificate.valid_uri_names().filter_map(|uri| uri.strip_prefix(&*prefix));
    names
        .filter(|name| !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase()))
        .map(str::to_owned)
        .take(MOST)
        .collect()
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, SanType};

    use super::*;

    fn named(uris: &[&str]) -> CertificateDer<'static> {
        let mut params = CertificateParams::new(vec!["consent".to_owned()]).unwrap();
        params
            .subject_alt_names
            .extend(uris.iter().map(|u| SanType::URI((*u).try_into().unwrap())));
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().clone()
    }

    #[test]
    fn a_service_is_named_by_its_uri_alone() {
        let of = |uris: &[&str]| services(&named(uris), "care.example.org").to_vec();
        assert_eq!(of(&["spiffe://care.example.org/trellis/notes"]), ["notes"]);
        let both =
            ["spiffe://care.example.org/trellis/notes", "spiffe://care.example.org/trellis/audit"];
        assert_eq!(of(&both), ["notes", "audit"]);
        for other in [
            "spiffe://care.example.com/trellis/notes",
            "spiffe://care.example.org.evil/trellis/notes",
            "spiffe://CARE.example.org/trellis/notes",
            "SPIFFE://care.example.org/trellis/notes",
            "https://care.example.org/trellis/notes",
            "spiffe://care.example.org/trellis/Notes",
            "spiffe://care.example.org/trellis/notes/",
            "spiffe://care.example.org/trellis/notes?x",
            "spiffe://care.example.org/trellis/%6eotes",
            "spiffe://care.example.org/trellis/",
            "spiffe://care.example.org//trellis/notes",
            "spiffe://care.example.org:443/trellis/notes",
            "spiffe://care.example.org/notes",
        ] {
            assert_eq!(of(&[other]), [] as [&str; 0], "{other}");
        }
        assert_eq!(of(&[]), [] as [&str; 0], "its DNS name is no service's");
    }

    #[test]
    fn a_trust_domain_is_lower_case_and_short() {
        assert!(is_trust_domain("care.example.org") && is_trust_domain("a_b-1"));
        for bad in ["", "Care.example.org", "care.example.org/x", "care:1", &"a".repeat(256)] {
            assert!(!is_trust_domain(bad), "{bad}");
        }
    }
}
