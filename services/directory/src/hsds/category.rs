//! What the codes of the Open Eligibility taxonomy mean here: one table, by prefix, the longest
//! first. Names and descriptions are never read: a term with another code, or of another taxonomy,
//! means nothing, and a service without a known term has no need and sector OTHER.

use kernel::Sector;

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($variant:ident = $code:literal),+ $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($variant),+ }

        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            pub fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }
        }
    )+};
}

words! {
    /// What a service is for.
    NeedCategory {
        Emergency = "EMERGENCY",
        Safety = "SAFETY",
        Food = "FOOD",
        Housing = "HOUSING",
        Goods = "GOODS",
        Transportation = "TRANSPORTATION",
        Health = "HEALTH",
        MentalHealth = "MENTAL_HEALTH",
        SubstanceUse = "SUBSTANCE_USE",
        Financial = "FINANCIAL",
        Care = "CARE",
        SocialConnection = "SOCIAL_CONNECTION",
        Education = "EDUCATION",
        Employment = "EMPLOYMENT",
        Legal = "LEGAL",
    }

    /// What kind of support it is.
    SupportKind {
        Emotional = "EMOTIONAL",
        Informational = "INFORMATIONAL",
        Instrumental = "INSTRUMENTAL",
        Affiliational = "AFFILIATIONAL",
    }
}

/// What a code says of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meaning {
    pub need: NeedCategory,
    pub support: SupportKind,
    pub sector: Sector,
}

use NeedCategory as N;
use Sector as S;
use SupportKind as K;

/// Prefix, need, kind of support, sector. An import never makes anything JUSTICE or HEALTH_PLAN:
/// consents and restrictions hang on those two.
const TABLE: &[(&str, N, K, S)] = &[
    ("101", N::Emergency, K::Instrumental, S::Other),
    ("101-02-01", N::Food, K::Instrumental, S::Other),
    ("101-02-02", N::Health, K::Instrumental, S::Other),
    ("101-02-03", N::Housing, K::Instrumental, S::Housing),
    ("101-02-04", N::Transportation, K::Instrumental, S::Other),
    ("101-02-05", N::Education, K::Instrumental, S::Education),
    ("101-02-06", N::Housing, K::Instrumental, S::Other),
    ("101-03", N::Food, K::Instrumental, S::Other),
    ("101-04", N::Housing, K::Instrumental, S::Housing),
    ("101-06", N::Safety, K::Instrumental, S::Other),
    ("101-06-02", N::Safety, K::Instrumental, S::Housing),
    ("101-07", N::MentalHealth, K::Emotional, S::Healthcare),
    ("102", N::Food, K::Instrumental, S::Other),
    ("102-07", N::Food, K::Informational, S::Other),
    ("103", N::Housing, K::Instrumental, S::Housing),
    ("103-04", N::Housing, K::Informational, S::Housing),
    ("103-05-03", N::Safety, K::Instrumental, S::Housing),
    ("103-05-04-02", N::SubstanceUse, K::Affiliational, S::Housing),
    ("104", N::Goods, K::Instrumental, S::Other),
    ("105", N::Transportation, K::Instrumental, S::Other),
    ("106", N::Health, K::Instrumental, S::Healthcare),
    ("106-01", N::SubstanceUse, K::Instrumental, S::Healthcare),
    ("106-01-01", N::SubstanceUse, K::Affiliational, S::Peer),
    ("106-01-06", N::SubstanceUse, K::Affiliational, S::Housing),
    ("106-03-01", N::Health, K::Emotional, S::Healthcare),
    ("106-04", N::Health, K::Informational, S::Healthcare),
    ("106-04-08", N::MentalHealth, K::Informational, S::Healthcare),
    ("106-06-04-04", N::MentalHealth, K::Instrumental, S::Healthcare),
    ("106-06-07-01", N::MentalHealth, K::Emotional, S::Healthcare),
    ("106-06-08", N::MentalHealth, K::Emotional, S::Healthcare),
    ("107", N::Financial, K::Instrumental, S::Other),
    ("107-03-04", N::Financial, K::Informational, S::Other),
    ("107-05", N::Financial, K::Informational, S::Other),
    ("108", N::Care, K::Instrumental, S::Other),
    ("108-03-06", N::SocialConnection, K::Affiliational, S::Other),
    ("108-04-01", N::Care, K::Emotional, S::Other),
    ("108-05", N::Care, K::Informational, S::Other),
    ("108-07", N::SocialConnection, K::Emotional, S::Other),
    ("108-07-04", N::Care, K::Instrumental, S::Other),
    ("108-07-07", N::SocialConnection, K::Affiliational, S::Peer),
    ("108-07-08", N::SocialConnection, K::Emotional, S::Faith),
    ("108-07-09", N::SocialConnection, K::Affiliational, S::Peer),
    ("108-07-09-01", N::SubstanceUse, K::Affiliational, S::Peer),
    ("109", N::Education, K::Informational, S::Education),
    ("109-02", N::Education, K::Instrumental, S::Education),
    ("109-03-08", N::Employment, K::Instrumental, S::Employment),
    ("110", N::Employment, K::Instrumental, S::Employment),
    ("110-03", N::Employment, K::Informational, S::Employment),
    ("110-05", N::Employment, K::Informational, S::Employment),
    ("111", N::Legal, K::Informational, S::Other),
    ("111-03", N::Legal, K::Instrumental, S::Other),
    ("111-04", N::Legal, K::Instrumental, S::Other),
    ("111-05", N::Legal, K::Instrumental, S::Other),
];

/// What a code of Open Eligibility means: `103-05` is below `103`, and `1035` is not.
pub fn meaning(code: &str) -> Option<Meaning> {
    TABLE
        .iter()
        .filter(|(prefix, ..)| {
            code.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        })
        .max_by_key(|(prefix, ..)| prefix.len())
        .map(|&(_, need, support, sector)| Meaning { need, support, sector })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_prefix_says_what_a_code_means() {
        let of = |code| meaning(code).map(|m| (m.need, m.support, m.sector));
        assert_eq!(of("103-03-04"), Some((N::Housing, K::Instrumental, S::Housing)));
        assert_eq!(of("108-07-07"), Some((N::SocialConnection, K::Affiliational, S::Peer)));
        assert_eq!(of("106-01-02"), Some((N::SubstanceUse, K::Instrumental, S::Healthcare)));
        assert_eq!(of("1035"), None);
        assert_eq!(of("BH-1800"), None);
        assert_eq!(of(""), None);
    }

    #[test]
    fn no_prefix_stands_twice_and_none_makes_justice_or_a_health_plan() {
        for (n, (prefix, .., sector)) in TABLE.iter().enumerate() {
            assert!(!matches!(sector, S::Justice | S::HealthPlan), "{prefix}");
            assert!(TABLE[n + 1..].iter().all(|(other, ..)| other != prefix), "{prefix} twice");
        }
    }

    #[test]
    fn every_top_level_code_of_open_eligibility_means_something() {
        for top in 101..=111 {
            assert!(meaning(&top.to_string()).is_some(), "{top}");
        }
    }
}
