//! The words of a message: that something waits, or a code. No name, no agency, no kind, and no service.

use crate::domain::ShortCode;

/// A message as it is read.
pub(super) struct Text {
    pub(super) subject: &'static str,
    pub(super) body: String,
}

fn is_spanish(language: Option<&str>) -> bool {
    let primary = language.and_then(|tag| tag.split('-').next());
    primary.is_some_and(|tag| tag.eq_ignore_ascii_case("es"))
}

/// In Spanish where that is preferred, else in English.
pub(super) fn waiting(language: Option<&str>) -> Text {
    let (subject, body) = match is_spanish(language) {
        true => {
            ("Tiene un mensaje", "Hay algo que espera por usted. Entre en su cuenta para verlo.\n")
        }
        false => (
            "You have a message",
            "Something is waiting for you. Sign in to your account to see it.\n",
        ),
    };
    Text { subject, body: body.to_owned() }
}

/// As [`waiting`].
pub(super) fn code(language: Option<&str>, code: &ShortCode) -> Text {
    let code = code.as_str();
    match is_spanish(language) {
        true => Text {
            subject: "Su código",
            body: format!(
                "Su código es {code}. Vale durante 15 minutos.\nSi no lo ha pedido, no tiene que hacer nada.\n"
            ),
        },
        false => Text {
            subject: "Your code",
            body: format!(
                "Your code is {code}. It is good for 15 minutes.\nIf you did not ask for it, there is nothing to do.\n"
            ),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_in_spanish_where_that_is_preferred_and_else_in_english() {
        for tag in ["es", "ES", "es-MX"] {
            assert_eq!(waiting(Some(tag)).subject, "Tiene un mensaje");
        }
        for tag in [None, Some("en"), Some("vi"), Some("est"), Some("")] {
            assert_eq!(waiting(tag).subject, "You have a message");
        }
    }
}
