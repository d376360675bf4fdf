use kernel::Sensitivity;
use policy::{Effect, Relationship, Rule};

use super::super::{
    Language,
    catalogue::{Catalogue as _, Join, Voice},
    tests::{Called, by, consent},
    write,
};
use super::Spanish;

#[test]
fn a_consent_reads_as_plain_spanish() {
    let text = write(Language::Spanish, &consent("PERMIT"), &[], &Called);
    assert_eq!(
        text,
        "Mi consentimiento para compartir mis expedientes\n\n\
         De qué se trata: My stay and how it goes.\n\n\
         Permito lo siguiente:\n\
         - Quién puede compartir: Riverside Clinic\n\
         - Quién puede recibir: Harbor Housing y dr-a de Riverside Clinic\n\
         - Qué se puede hacer: leer los expedientes\n\
         - Para qué: coordinación de la atención y encontrar vivienda\n\
         - Qué expedientes: expedientes de todo tipo que tengan las agencias; también los de temas \
         delicados\n\
         - No incluye: notas de consejería, ni expedientes de proveedores de servicios a \
         víctimas\n\n\
         Comienza cuando yo lo firme.\n\n\
         Termina el 1 de diciembre de 2026, 00:00 UTC.\n\n\
         Mi derecho a revocar: puedo revocar esto en cualquier momento, desde mi propia cuenta o \
         avisando a una agencia nombrada aquí. Desde entonces no se comparte nada más por este \
         consentimiento. Lo que ya se compartió no se puede recuperar.\n\n\
         Al firmar, acepto todo esto.\n"
    );
}

#[test]
fn a_consent_reads_as_plain_spanish_in_the_words_of_who_signs_for_the_person() {
    let acting = by(Relationship::Parent, &consent("PERMIT"));
    let text = write(Language::Spanish, &acting, &[&consent("DENY")], &Called);
    for said in [
        "Mi consentimiento, por la persona a quien represento, para compartir sus expedientes\n\n\
         Firmo esto como madre o padre de la persona de quien son estos expedientes. Abajo, \"esta \
         persona\" es ella. Mi autoridad para firmar: \
         representatives/0199a000-0000-7000-8000-000000000a01.\n\n",
        "\n\nPor esta persona, permito lo siguiente:\n",
        "cualquier otro consentimiento que se haya firmado. Cuando este termine",
        "El derecho a revocar: esta persona puede revocar esto en cualquier momento, desde su propia \
         cuenta o avisando a una agencia nombrada aquí. Mientras yo actúe por ella, yo también.",
        "Al firmar, acepto todo esto por esta persona.\n",
    ] {
        assert!(text.contains(said), "{said}\n{text}");
    }
}

#[test]
fn a_refusal_forbids_without_a_double_negation() {
    let mut refusal = consent("DENY");
    refusal.rule.sensitivities = Some([Sensitivity::Mh, Sensitivity::Hiv].into());
    refusal.exceptions = vec![Rule::new(Effect::Permit)];
    let text = write(Language::Spanish, &refusal, &[&refusal], &Called);
    for said in [
        "Mi negativa a compartir mis expedientes\n",
        "Prohíbo lo siguiente:\n- A quién prohíbo compartir: Riverside Clinic\n",
        "- Qué prohíbo hacer: cualquier cosa con los expedientes\n",
        "los que tratan de salud mental y VIH/sida, y los que no dicen de qué tratan",
        "Excepciones. Aun así, lo siguiente sigue permitido:\n\nExcepción 1. Permito lo siguiente:",
        "Reemplaza la negativa que prohibía a Riverside Clinic compartir con Harbor Housing y dr-a \
         de Riverside Clinic. Mientras este está en vigor",
        "Al firmar, me niego como se dice aquí.\n",
    ] {
        assert!(text.contains(said), "{said}\n{text}");
    }
}

#[test]
fn and_and_or_change_before_their_own_sound() {
    for (next, and, or) in [
        ("Harbor Housing", "y", "o"),
        ("Iglesia San Juan", "e", "o"),
        ("Hijos del Sol", "e", "o"),
        ("Hielo Azul", "y", "o"),
        ("Oasis", "y", "u"),
        ("Hogar Seguro", "y", "u"),
        ("", "y", "o"),
    ] {
        assert_eq!(
            (Spanish(Voice::Own).join(Join::And, next), Spanish(Voice::Own).join(Join::Or, next)),
            (and, or),
            "{next}"
        );
    }
}
