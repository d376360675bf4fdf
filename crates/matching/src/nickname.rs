//! Short forms and other spellings of given names: a small list of what agencies meet often. One word
//! may be of several names (Alex), which makes those no other spelling of each other.

use std::{collections::HashMap, sync::LazyLock};

use strsim::osa_distance;

/// The lines that a word is in.
static BY_WORD: LazyLock<HashMap<&str, Vec<&str>>> = LazyLock::new(|| {
    let mut by_word: HashMap<_, Vec<_>> = HashMap::new();
    for line in LINES {
        line.split(' ').for_each(|word| by_word.entry(word).or_default().push(line));
    }
    by_word
});

/// Each line: names that one person may go by.
pub const LINES: [&str; 98] = [
    "alexander alex alec xander sandy",
    "alejandro alex ale jandro",
    "alexandra alex lexi sandra sandy",
    "alejandra ale alex",
    "alfred al fred alfie",
    "alicia ali licia",
    "amanda mandy amy",
    "andrew andy drew",
    "angela angie",
    "ana anna anita ani",
    "anthony tony antony",
    "antonio tony toni tono",
    "barbara barb babs",
    "benjamin ben benny benji",
    "beatriz bea betty",
    "catherine kathryn katherine cathy kathy kate katie kat",
    "caroline carolyn carrie",
    "charles charlie chuck chas",
    "christina chris tina christy",
    "christine chris tina christy kristine",
    "christopher chris topher kit",
    "christian chris",
    "cynthia cindy",
    "daniel dan danny dani",
    "david dave davy",
    "deborah debra deb debbie",
    "donald don donny",
    "dorothy dot dottie",
    "edward ed eddie ted ned",
    "eduardo edu lalo eddie",
    "elizabeth liz beth betty eliza lizzie elisabeth",
    "emily em emmy",
    "enrique quique kike",
    "ernesto neto",
    "fatima fatma fati",
    "francis frank fran",
    "francisco pancho paco frank cisco",
    "frances fran franny",
    "gabriel gabe",
    "gabriela gaby gabi gabriella",
    "gregory greg",
    "guadalupe lupe lupita",
    "guillermo memo",
    "henry hank harry",
    "ignacio nacho",
    "isabel isa chabela isabella",
    "jacob jake",
    "jacqueline jackie jacquelyn",
    "james jim jimmy jamie",
    "javier javi",
    "jennifer jen jenny",
    "jessica jess jessie",
    "jesus chuy",
    "john jon johnny jack",
    "jonathan jon john johnathan",
    "jose pepe",
    "joseph joe joey",
    "joshua josh",
    "juan juanito",
    "katarzyna kasia",
    "kimberly kim kimberley",
    "lawrence larry laurence",
    "leticia lety leti",
    "luis luisito lucho",
    "manuel manny manolo",
    "margaret maggie meg peggy marge",
    "maria mary mari",
    "matthew matt mathew",
    "michael mike mikey mick",
    "michelle shelly michele",
    "mohammed muhammad mohamed mohammad mo",
    "nicholas nick nicolas nico",
    "patricia pat patty tricia trish",
    "patrick pat paddy",
    "pamela pam",
    "rebecca becky becca",
    "richard rick dick rich ricky",
    "ricardo rick ricky",
    "robert rob bob bobby robbie bert",
    "roberto beto rob",
    "rosario charo",
    "samuel sam sammy",
    "samantha sam sammy",
    "sarah sara sally",
    "stephen steven steve stephan",
    "susan sue susie suzanne",
    "theresa teresa terry tess",
    "thomas tom tommy",
    "timothy tim timmy",
    "victoria vicky tori",
    "vincent vince vinny",
    "walter walt wally",
    "william will bill billy willie liam",
    "yolanda yoli",
    "zachary zach zack zachery",
    "aleksander olek sasha",
    "vladimir vova",
    "dmitri dima dmitry",
];

/// Whether one person may go by both.
pub fn is_one_persons(one: &str, other: &str) -> bool {
    forms(one).any(|form| form == other)
}

/// The same of the first words of names, with a slip in one of them.
pub fn is_nearly_one_persons(one: &str, other: &str) -> bool {
    let first = |name| str::split(name, ' ').next().unwrap_or_default();
    let (one, other) = (first(one), first(other));
    let near = |form: &str, name: &str| {
        form == name || (form.len() >= 4 && name.len() >= 3 && osa_distance(form, name) == 1)
    };
    forms(one).any(|form| near(form, other)) || forms(other).any(|form| near(form, one))
}

/// What who has this name may go by, itself too.
fn forms(name: &str) -> impl Iterator<Item = &'static str> {
    BY_WORD.get(name).into_iter().flatten().flat_map(|line| line.split(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_goes_by_a_short_form_and_two_people_of_one_short_form_stay_two() {
        assert!(is_one_persons("robert", "bob"));
        assert!(is_one_persons("bob", "robert"));
        assert!(is_one_persons("christopher", "chris") && is_one_persons("christian", "chris"));
        assert!(!is_one_persons("christopher", "christian"));
        assert!(!is_one_persons("alexander", "alexandra"));
        assert!(!is_one_persons("bo", "robert"));
    }

    #[test]
    fn a_short_form_may_have_a_slip_or_stand_for_the_first_of_two_names() {
        assert!(is_nearly_one_persons("timmy", "timthy"));
        assert!(is_nearly_one_persons("tmothy", "timmy"));
        assert!(is_nearly_one_persons("leticia daniela", "lety"));
        assert!(!is_nearly_one_persons("robert", "job"));
        assert!(!is_nearly_one_persons("", "robert"));
    }
}
