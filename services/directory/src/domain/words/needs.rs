//! The table. Its words are folded: small letters, no accents. A word stands once.

/// Something that people need.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Need {
    /// As it is told in English.
    pub name: &'static str,
    /// Codes of Open Eligibility; all below them, too.
    pub codes: &'static [&'static str],
    /// Words and phrases of services that state no code.
    pub english: &'static [&'static str],
    /// How people ask for it, English and Spanish.
    pub said: &'static [&'static str],
}

macro_rules! needs {
    ($($name:literal: [$($code:literal)*] [$($english:literal)*] [$($said:literal)*])+) => {
        pub(crate) const NEEDS: &[Need] = &[$(Need {
            name: $name,
            codes: &[$($code),*],
            english: &[$($english),*],
            said: &[$($said),*],
        }),+];
    };
}

needs! {
    "food": ["102" "101-02-01" "101-03" "107-02-02" "107-03-02"]
        ["food" "meal" "groceries" "pantry" "lunch"]
        ["food" "foods" "meal" "meals" "groceries" "pantry" "hungry" "food bank" "food pantry" "free meals"
         "comida" "comidas" "alimento" "alimentos" "despensa" "hambre" "banco de comida" "banco de alimentos"]
    "housing": ["103" "101-02-03" "107-02-04"]
        ["housing" "rent" "rental assistance" "apartment" "tenant"]
        ["housing" "house" "home" "homeless" "apartment" "rent" "rent help" "vivienda" "viviendas" "casa"
         "hogar" "renta" "alquiler" "apartamento" "sin hogar" "sin techo"]
    "shelter": ["101-04" "103-01"]
        ["shelter" "overnight" "emergency housing"]
        ["shelter" "shelters" "emergency shelter" "refugio" "refugios" "albergue" "albergues"]
    "safety": ["101-06" "103-05-03"]
        ["domestic violence" "abuse" "safe house" "restraining order"]
        ["safety" "domestic violence" "abuse" "violencia domestica" "violencia" "abuso" "seguridad"]
    "clothing": ["104-01-01" "104-02" "107-02-05-03" "110-02-01"]
        ["clothing" "clothes" "shoes"]
        ["clothing" "clothes" "shoes" "coat" "ropa" "zapatos" "abrigo"]
    "furniture": ["104-03"]
        ["furniture" "household" "blankets"]
        ["furniture" "muebles" "blankets" "cobijas"]
    "baby supplies": ["104-01"]
        ["diapers" "formula" "infants" "baby"]
        ["diapers" "baby supplies" "panales" "formula"]
    "utilities": ["101-02-06" "103-03-02" "107-02-04-02"]
        ["utilities" "utility" "energy assistance" "energy shut"]
        ["utilities" "electricity" "energy" "luz" "electricidad" "servicios publicos" "energia"]
    "transport": ["105" "101-02-04" "106-05-07" "107-02-06"]
        ["transportation" "transport" "bus" "rides" "transit"]
        ["transport" "transportation" "transit" "bus" "ride" "rides" "transporte" "autobus" "camion" "pasaje"]
    "health": ["106" "101-02-02"]
        ["health" "medical" "clinic" "doctor"]
        ["health" "health care" "healthcare" "medical" "doctor" "clinic" "salud" "medico" "medica" "doctora"
         "clinica" "atencion medica"]
    "dentist": ["106-02"]
        ["dental" "dentist" "oral hygiene"]
        ["dentist" "dentists" "dental" "dental care" "teeth" "dentista" "dentistas" "dientes" "muelas"]
    "medicine": ["106-05-06" "107-02-03-06"]
        ["prescription" "medication" "medicine" "pharmacy"]
        ["medicine" "medicines" "medication" "prescription" "prescriptions" "medicina" "medicinas"
         "medicamento" "medicamentos" "recetas"]
    "health insurance": ["106-05-04" "107-02-03-04" "107-06-01"]
        ["health insurance" "insurance enrollment" "medicare" "healthy families"]
        ["insurance" "health insurance" "seguro medico" "seguro de salud" "aseguranza"]
    "treatment": ["106-01" "106-06-07-10" "106-06-07-11" "108-06-02"]
        ["substance abuse" "addiction" "drug alcohol" "recovery" "rehabilitation"]
        ["treatment" "addiction" "rehab" "recovery" "sober" "substance use" "tratamiento" "adiccion"
         "adicciones" "rehabilitacion" "recuperacion" "drogas" "alcoholismo"]
    "detox": ["106-01-02"]
        ["detox" "detoxification" "withdrawal"]
        ["detox" "detoxification" "withdrawal" "desintoxicacion" "desintoxicar"]
    "peer support": ["108-07-07" "108-07-09" "106-01-01"]
        ["peer" "support group" "12 step"]
        ["peer" "peers" "peer support" "support group" "support groups" "grupo de apoyo" "grupos de apoyo"
         "apoyo de pares"]
    "counselling": ["106-06-07-01" "108-07-01" "101-07" "106-06-08"]
        ["counseling" "counselling" "therapy" "mental health"]
        ["counselling" "counseling" "counsellor" "counselor" "therapy" "therapist" "mental health" "consejeria"
         "consejero" "consejera" "terapia" "terapeuta" "salud mental" "psicologo" "psicologa"]
    "grief": ["106-03-01" "108-04-01" "108-07-09-02"]
        ["bereavement" "grief"]
        ["grief" "bereavement" "duelo" "luto"]
    "pregnancy": ["106-06-05" "106-06-04-05"]
        ["prenatal" "pregnancy" "pregnant" "maternity"]
        ["pregnancy" "pregnant" "prenatal" "embarazo" "embarazada"]
    "showers": ["106-06-06" "104-03-04"]
        ["shower" "hygiene" "laundry"]
        ["shower" "showers" "hygiene" "laundry" "ducha" "duchas" "regadera" "banos" "higiene" "lavanderia"]
    "childcare": ["108-03-03" "108-03-05" "107-02-01" "109-04"]
        ["child care" "childcare" "daycare" "preschool"]
        ["childcare" "child care" "daycare" "day care" "preschool" "guarderia" "guarderias"
         "cuidado de ninos" "preescolar"]
    "parenting": ["106-04-05" "109-03-07-04" "108-07-09-03"]
        ["parenting" "parents"]
        ["parenting" "parenting classes" "crianza" "padres"]
    "older adults": ["108-03-01" "108-07-04"]
        ["older adults" "senior" "seniors"]
        ["seniors" "senior" "elderly" "older adults" "ancianos" "adultos mayores" "personas mayores"
         "tercera edad"]
    "job": ["110" "109-03-08" "108-05-05"]
        ["employment" "job" "jobs" "career"]
        ["job" "jobs" "work" "employment" "career" "empleo" "empleos" "trabajo" "trabajos"]
    "job training": ["109-06" "110-03"]
        ["job training" "vocational" "skills training" "resume"]
        ["job training" "training" "resume" "capacitacion" "entrenamiento"]
    "English classes": ["109-03-03" "109-05-03"]
        ["esl" "english class" "english second language" "english speaking" "literacy"]
        ["english classes" "english class" "esl" "learn english" "english" "ingles" "clases de ingles"
         "aprender ingles"]
    "reading and writing": ["109-06-01" "110-03-01"]
        ["literacy" "reading writing" "tutoring"]
        ["literacy" "read" "alfabetizacion" "leer" "lectura"]
    "education": ["109"]
        ["education" "educational" "school" "classes"]
        ["education" "school" "educacion" "escuela"]
    "tutoring": ["109-03-10"]
        ["tutoring" "homework"]
        ["tutor" "tutoring" "homework" "tutoria" "tareas"]
    "computer classes": ["109-06-02" "110-03-02"]
        ["computer" "computers"]
        ["computer" "computers" "computer classes" "computadora" "computadoras" "clases de computacion"]
    "legal help": ["111"]
        ["legal" "lawyer" "attorney" "advocacy"]
        ["legal" "legal help" "legal aid" "lawyer" "attorney" "ayuda legal" "abogado" "abogada" "abogados"]
    "immigration": ["109-05-01" "111-01-02"]
        ["immigration" "citizenship" "immigrant"]
        ["immigration" "citizenship" "inmigracion" "ciudadania" "inmigrante" "inmigrantes"]
    "money": ["101-02" "107"]
        ["financial" "loans" "cash assistance" "emergency assistance"]
        ["money" "cash" "loan" "loans" "financial" "financial help" "dinero" "prestamo" "prestamos"
         "ayuda financiera"]
    "benefits": ["107-03"]
        ["benefits" "food stamps" "calworks" "enrollment"]
        ["benefits" "food stamps" "beneficios" "estampillas" "calworks"]
    "taxes": ["107-07"]
        ["tax preparation" "taxes"]
        ["taxes" "impuestos" "taxes help"]
    "interpreter": ["111-05"]
        ["translation" "interpreter" "interpretation"]
        ["interpreter" "translation" "traduccion" "traductor" "interprete"]
    "recreation": ["108-03-06"]
        ["recreation" "recreational"]
        ["recreation" "recreacion"]
    "books": ["104-03-02"]
        ["library" "books"]
        ["library" "books" "biblioteca" "libros"]
    "spiritual support": ["108-07-08"]
        ["spiritual" "chapel" "church"]
        ["church" "spiritual" "iglesia" "espiritual"]
}
