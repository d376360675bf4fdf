//! Which sensitivities codes of ICD-10-CM suggest.
//!
//! Ranges and titles are those of the tabular list that NCHS/CDC publishes (FY2026); which sensitivity of HL7 v3
//! ActCode fits is this network's reading. A range is a comparison of the code's first characters, so a longer code
//! is in every range that its category is in.

use kernel::{CodeSet, Sensitivity};

use Sensitivity::{EthUd, Hiv, Mh, OpioidUd, Psy, Sdv, Sex, Std, Sud, Vio};

/// The edition that the ranges were compared with.
pub const EDITION: &str = "ICD-10-CM FY2026, NCHS/CDC";

/// Codes that follow each other, in capitals and without their dot, and what is suggested for them.
#[derive(Debug, Clone, Copy)]
pub struct Range {
    from: &'static str,
    to: &'static str,
    sensitivities: &'static [Sensitivity],
    pub title: &'static str,
    /// The chapter and the block, or the chapter alone.
    place: &'static str,
}

/// A disorder is both: the refusal of the one does not reach what states the other alone.
const DISORDER: &[Sensitivity] = &[Mh, Psy];

const fn range(
    from: &'static str,
    to: &'static str,
    sensitivities: &'static [Sensitivity],
    title: &'static str,
    place: &'static str,
) -> Range {
    Range { from, to, sensitivities, title, place }
}

const fn one(
    code: &'static str,
    sensitivities: &'static [Sensitivity],
    title: &'static str,
    place: &'static str,
) -> Range {
    range(code, code, sensitivities, title, place)
}

/// By what is sensitive.
pub const RANGES: &[Range] = &[
    // Substance use.
    one("F10", &[EthUd], "Alcohol related disorders", "chapter 5, F10-F19"),
    one("F11", &[OpioidUd], "Opioid related disorders", "chapter 5, F10-F19"),
    range("F12", "F16", &[Sud], "Disorders related to other substances", "chapter 5, F10-F19"),
    one("F17", &[Sud], "Nicotine dependence", "chapter 5, F10-F19"),
    range("F18", "F19", &[Sud], "Disorders related to other substances", "chapter 5, F10-F19"),
    one("E244", &[EthUd], "Alcohol-induced pseudo-Cushing's syndrome", "chapter 4, E20-E35"),
    one("G312", &[EthUd], "Degeneration of nervous system due to alcohol", "chapter 6, G30-G32"),
    one("G621", &[EthUd], "Alcoholic polyneuropathy", "chapter 6, G60-G65"),
    one("G721", &[EthUd], "Alcoholic myopathy", "chapter 6, G70-G73"),
    one("I426", &[EthUd], "Alcoholic cardiomyopathy", "chapter 9, I30-I5A"),
    one("K292", &[EthUd], "Alcoholic gastritis", "chapter 11, K20-K31"),
    one("K70", &[EthUd], "Alcoholic liver disease", "chapter 11, K70-K77"),
    one("K852", &[EthUd], "Alcohol induced acute pancreatitis", "chapter 11, K80-K87"),
    one("K860", &[EthUd], "Alcohol-induced chronic pancreatitis", "chapter 11, K80-K87"),
    one("O354", &[EthUd], "Maternal care for damage to fetus from alcohol", "chapter 15, O30-O48"),
    one("O355", &[Sud], "Maternal care for damage to fetus by drugs", "chapter 15, O30-O48"),
    one("O9931", &[EthUd], "Alcohol use complicating pregnancy", "chapter 15, O94-O9A"),
    one("O9932", &[Sud], "Drug use complicating pregnancy", "chapter 15, O94-O9A"),
    one("O9933", &[Sud], "Tobacco use disorder complicating pregnancy", "chapter 15, O94-O9A"),
    one("P0414", &[Sud], "Newborn affected by maternal use of opiates", "chapter 16, P00-P04"),
    one("P0416", &[Sud], "Newborn affected by maternal use of amphetamines", "chapter 16, P00-P04"),
    one("P043", &[EthUd], "Newborn affected by maternal use of alcohol", "chapter 16, P00-P04"),
    one(
        "P044",
        &[Sud],
        "Newborn affected by maternal use of drugs of addiction",
        "chapter 16, P00-P04",
    ),
    one("P0481", &[Sud], "Newborn affected by maternal use of cannabis", "chapter 16, P00-P04"),
    one("P961", &[Sud], "Neonatal withdrawal symptoms", "chapter 16, P90-P96"),
    one("Q860", &[EthUd], "Fetal alcohol syndrome (dysmorphic)", "chapter 17, Q80-Q89"),
    one("R780", &[EthUd], "Finding of alcohol in blood", "chapter 18, R70-R79"),
    range("R781", "R785", &[Sud], "Finding of drugs in blood", "chapter 18, R70-R79"),
    one("T40", &[Sud], "Narcotics and psychodysleptics [hallucinogens]", "chapter 19, T36-T50"),
    one("T436", &[Sud], "Psychostimulants", "chapter 19, T36-T50"),
    one("T51", &[EthUd], "Toxic effect of alcohol", "chapter 19, T51-T65"),
    one(
        "Y90",
        &[EthUd],
        "Evidence of alcohol involvement by blood alcohol level",
        "chapter 20, Y90-Y99",
    ),
    one("Z0283", &[Sud], "Encounter for blood-alcohol and blood-drug test", "chapter 21, Z00-Z13"),
    one("Z714", &[EthUd], "Alcohol abuse counseling and surveillance", "chapter 21, Z69-Z76"),
    one("Z715", &[Sud], "Drug abuse counseling and surveillance", "chapter 21, Z69-Z76"),
    one("Z716", &[Sud], "Tobacco abuse counseling", "chapter 21, Z69-Z76"),
    // Mental health.
    range(
        "F01",
        "F09",
        DISORDER,
        "Mental disorders due to known physiological conditions",
        "chapter 5, F01-F09",
    ),
    range(
        "F20",
        "F99",
        DISORDER,
        "Mental, behavioral and neurodevelopmental disorders",
        "chapter 5",
    ),
    one("O906", DISORDER, "Postpartum mood disturbance", "chapter 15, O85-O92"),
    one("O9934", DISORDER, "Other mental disorders complicating pregnancy", "chapter 15, O94-O9A"),
    one("R45851", &[Mh], "Suicidal ideations", "chapter 18, R40-R46"),
    one("R4588", &[Mh], "Nonsuicidal self-harm", "chapter 18, R40-R46"),
    one("T1491", &[Mh], "Suicide attempt", "chapter 19, T14"),
    range("X71", "X83", &[Mh], "Intentional self-harm", "chapter 20, X71-X83"),
    one("Z133", &[Mh], "Encounter for screening for mental health", "chapter 21, Z00-Z13"),
    one(
        "Z865",
        &[Mh],
        "Personal history of mental and behavioral disorders",
        "chapter 21, Z77-Z99",
    ),
    one("Z915", &[Mh], "Personal history of self-harm", "chapter 21, Z77-Z99"),
    // HIV and other infections.
    one("B20", &[Hiv], "Human immunodeficiency virus [HIV] disease", "chapter 1, B20"),
    one("B9735", &[Hiv], "HIV 2 as the cause of diseases", "chapter 1, B95-B97"),
    one("O987", &[Hiv], "HIV disease complicating pregnancy", "chapter 15, O94-O9A"),
    one("R75", &[Hiv], "Inconclusive laboratory evidence of HIV", "chapter 18, R70-R79"),
    one("Z114", &[Hiv], "Encounter for screening for HIV", "chapter 21, Z00-Z13"),
    one("Z206", &[Hiv], "Contact with and exposure to HIV", "chapter 21, Z20-Z29"),
    one("Z21", &[Hiv], "Asymptomatic HIV infection status", "chapter 21, Z20-Z29"),
    one("Z2981", &[Hiv], "Encounter for HIV pre-exposure prophylaxis", "chapter 21, Z20-Z29"),
    one("Z717", &[Hiv], "HIV counseling", "chapter 21, Z69-Z76"),
    range(
        "A50",
        "A64",
        &[Std],
        "Infections with a predominantly sexual mode of transmission",
        "chapter 1, A50-A64",
    ),
    range(
        "O981",
        "O983",
        &[Std],
        "Sexually transmitted infections complicating pregnancy",
        "chapter 15, O94-O9A",
    ),
    one("Z113", &[Std], "Screening for sexually transmitted infections", "chapter 21, Z00-Z13"),
    one("Z202", &[Std], "Exposure to sexually transmitted infections", "chapter 21, Z20-Z29"),
    // Abuse and violence.
    range("O9A3", "O9A5", &[Sdv], "Abuse complicating pregnancy", "chapter 15, O94-O9A"),
    one("T74", &[Sdv], "Abuse, neglect and other maltreatment, confirmed", "chapter 19, T66-T78"),
    one("T76", &[Sdv], "Abuse, neglect and other maltreatment, suspected", "chapter 19, T66-T78"),
    one("Y07", &[Sdv], "Perpetrator of assault, maltreatment and neglect", "chapter 20, X92-Y09"),
    one("Z044", &[Sdv], "Examination following alleged rape", "chapter 21, Z00-Z13"),
    one("Z047", &[Sdv], "Examination following alleged physical abuse", "chapter 21, Z00-Z13"),
    one("Z6281", &[Sdv], "Personal history of abuse in childhood", "chapter 21, Z55-Z65"),
    one(
        "Z69",
        &[Sdv],
        "Mental health services for victim and perpetrator of abuse",
        "chapter 21, Z69-Z76",
    ),
    one("Z9141", &[Sdv], "Personal history of adult abuse", "chapter 21, Z77-Z99"),
    range("X92", "Y09", &[Vio], "Assault", "chapter 20, X92-Y09"),
    // Sexuality and reproduction.
    one("F52", &[Sex], "Sexual dysfunction", "chapter 5, F50-F59"),
    range(
        "F64",
        "F66",
        &[Sex],
        "Gender identity and sexual disorders as ICD-10-CM names them",
        "chapter 5, F60-F69",
    ),
    one("N46", &[Sex], "Male infertility", "chapter 14, N40-N53"),
    range("N52", "N53", &[Sex], "Male sexual dysfunction", "chapter 14, N40-N53"),
    range(
        "N94",
        "N98",
        &[Sex],
        "Menstruation, menopause, fertility and pregnancy loss",
        "chapter 14, N80-N98",
    ),
    range("O00", "O9A", &[Sex], "Pregnancy, childbirth and the puerperium", "chapter 15"),
    range(
        "Z30",
        "Z39",
        &[Sex],
        "Health services in circumstances related to reproduction",
        "chapter 21, Z30-Z39",
    ),
    one("Z3A", &[Sex], "Weeks of gestation", "chapter 21, Z30-Z39"),
    one("Z640", &[Sex], "Problems related to unwanted pregnancy", "chapter 21, Z55-Z65"),
    one(
        "Z70",
        &[Sex],
        "Counseling related to sexual attitude, behavior and orientation",
        "chapter 21, Z69-Z76",
    ),
    one("Z725", &[Sex], "High risk sexual behavior", "chapter 21, Z69-Z76"),
    one("Z793", &[Sex], "Current use of hormonal contraceptives", "chapter 21, Z77-Z99"),
    one("Z87890", &[Sex], "Personal history of sex reassignment", "chapter 21, Z77-Z99"),
    one("Z975", &[Sex], "Intrauterine contraceptive device", "chapter 21, Z77-Z99"),
    range("Z9851", "Z9852", &[Sex], "Sterilization status", "chapter 21, Z77-Z99"),
];

impl Range {
    pub fn sensitivities(&self) -> CodeSet<Sensitivity> {
        self.sensitivities.iter().copied().collect()
    }

    /// Its first and last code, or its only one.
    pub fn name(&self) -> String {
        if self.from == self.to {
            return dotted(self.from);
        }
        format!("{}-{}", dotted(self.from), dotted(self.to))
    }

    pub fn source(&self) -> String {
        format!("{EDITION}, {}", self.place)
    }

    /// Whether this code is in it, in capitals and without its dot.
    fn holds(&self, code: &str) -> bool {
        code.get(..self.from.len()).is_some_and(|begins| (self.from..=self.to).contains(&begins))
    }
}

/// In capitals and without its dot, as codes are compared.
pub fn bare(code: &str) -> String {
    code.chars().filter(|c| *c != '.').map(|c| c.to_ascii_uppercase()).collect()
}

/// As it is written.
pub fn dotted(bare: &str) -> String {
    match bare.split_at_checked(3) {
        Some((category, rest)) if !rest.is_empty() => format!("{category}.{rest}"),
        _ => bare.to_owned(),
    }
}

/// The ranges that a code is in; none: nothing is known of it.
pub fn ranges(bare: &str) -> Vec<&'static Range> {
    RANGES.iter().filter(|range| range.holds(bare)).collect()
}

/// What all these ranges suggest.
pub fn suggested(ranges: &[&Range]) -> CodeSet<Sensitivity> {
    ranges.iter().fold(CodeSet::EMPTY, |all, range| all.union(range.sensitivities()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(code: &str) -> CodeSet<Sensitivity> {
        suggested(&ranges(&bare(code)))
    }

    #[test]
    fn a_range_is_of_codes_of_one_length_in_their_order() {
        for range in RANGES {
            assert_eq!(range.from.len(), range.to.len(), "{range:?}");
            assert!(range.from.len() >= 3 && range.from <= range.to, "{range:?}");
            assert!(!range.sensitivities.is_empty() && !range.title.is_empty());
            assert_eq!(
                bare(&range.name()).replace('-', ""),
                match range.from == range.to {
                    true => range.from.to_owned(),
                    false => format!("{}{}", range.from, range.to),
                }
            );
        }
    }

    proptest! {
        /// A longer code is never less sensitive.
        #[test]
        fn what_a_category_suggests_every_code_below_it_does(
            code in "[A-Z][0-9][0-9A-Z]", more in "[0-9A-Z]{1,4}", n in 0..RANGES.len(),
        ) {
            let known = RANGES[n].from;
            for begin in [&*code, known] {
                let mut code = begin.to_owned();
                for one in more.chars().take(7 - begin.len()) {
                    let was = of(&code);
                    code.push(one);
                    prop_assert_eq!(of(&code).union(was), of(&code), "{}", code);
                }
            }
            prop_assert!(!of(known).is_empty());
        }
    }
}
