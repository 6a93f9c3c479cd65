//! `/docs`: the API to read and to try with a key, in a browser that reaches nobody but this server.
//!
//! What always holds: everything that the page needs is in the binary and comes from here; its policy lets it load,
//! ask and send nothing elsewhere, and run no script that is written into it. The frame is told in French or English, as
//! the browser asks for; a key that is typed in stays in the page's memory. The reader itself is Swagger UI as it was
//! published (`reader/swagger-ui/VENDORED.md`), which speaks English.
//!
//! What it does not do: unpack for a client that cannot; there is no browser that takes no gzip.

use axum::Router;
use axum::extract::Path;
use axum::http::header::{
    ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, VARY,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::problem::Rejection;

/// The page itself. Images of the reader's style sheet are written into it.
const POLICY: &str = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";
const REFERRER_POLICY: HeaderName = HeaderName::from_static("referrer-policy");

const PAGE: &str = include_str!("../reader/page.html");

/// What the page loads: name, media type, coding, bytes.
const FILES: [(&str, &str, Option<&str>, &[u8]); 5] = [
    ("frame.css", "text/css; charset=utf-8", None, include_bytes!("../reader/frame.css")),
    ("frame.js", "text/javascript; charset=utf-8", None, include_bytes!("../reader/frame.js")),
    ("icon.svg", "image/svg+xml", None, include_bytes!("../reader/icon.svg")),
    (
        "swagger-ui.css",
        "text/css; charset=utf-8",
        Some("gzip"),
        include_bytes!("../reader/swagger-ui/swagger-ui.css.gz"),
    ),
    (
        "swagger-ui-bundle.js",
        "text/javascript; charset=utf-8",
        Some("gzip"),
        include_bytes!("../reader/swagger-ui/swagger-ui-bundle.js.gz"),
    ),
];

/// The languages of the frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Language {
    English,
    French,
}

impl Language {
    const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::French => "fr",
        }
    }

    /// What stands in place of each name in the page.
    const fn words(self) -> [(&'static str, &'static str); 11] {
        match self {
            Self::English => [
                ("title", "Jeton: the API"),
                ("api", "API"),
                ("key", "Your key"),
                ("use", "Use it"),
                ("dark", "Dark"),
                (
                    "note",
                    "Without a key you can read. With one, every operation can be tried here, and copied as curl. \
                     What you try really happens.",
                ),
                ("taken", "The key is used for what you try, and forgotten when you leave this page."),
                ("given_up", "The key is forgotten."),
                ("no_key", "That is no key: one begins with jtn_ and has letters and digits."),
                ("no_script", "This page needs JavaScript. The same in one file, for any other reader: /openapi.json"),
                ("language", "en"),
            ],
            Self::French => [
                ("title", "Jeton : l’API"),
                ("api", "API"),
                ("key", "Votre clé"),
                ("use", "L’utiliser"),
                ("dark", "Sombre"),
                (
                    "note",
                    "Sans clé, vous pouvez lire. Avec une clé, chaque opération s’essaie ici et se copie pour curl. \
                     Ce que vous essayez a vraiment lieu.",
                ),
                ("taken", "La clé sert à vos essais ; elle est oubliée quand vous quittez cette page."),
                ("given_up", "La clé est oubliée."),
                ("no_key", "Ce n’est pas une clé : elle commence par jtn_ et n’a que des lettres et des chiffres."),
                (
                    "no_script",
                    "Cette page a besoin de JavaScript. Le même contenu, pour tout autre lecteur : /openapi.json",
                ),
                ("language", "fr"),
            ],
        }
    }

    /// The one that is asked for first with the highest quality (RFC 9110, section 12.5.4); English for who wants
    /// neither.
    fn asked(headers: &HeaderMap) -> Self {
        let asked = headers.get_all(ACCEPT_LANGUAGE).iter().filter_map(|value| value.to_str().ok());
        let mut best = (Self::English, 0);
        for range in asked.flat_map(|text| text.split(',')) {
            let (tag, weight) = range.split_once(';').unwrap_or((range, ""));
            let language = match tag.trim().split('-').next() {
                Some(tag) if tag.eq_ignore_ascii_case("fr") => Self::French,
                Some(tag) if tag.eq_ignore_ascii_case("en") => Self::English,
                Some(_) | None => continue,
            };
            let quality = thousandths(weight.trim());
            if quality > best.1 {
                best = (language, quality);
            }
        }
        best.0
    }
}

/// A weight, `q=0.8`, in thousandths; 1 where there is none, 0 where it cannot be read.
fn thousandths(weight: &str) -> u32 {
    let Some(quality) = weight.strip_prefix("q=") else { return if weight.is_empty() { 1_000 } else { 0 } };
    let (whole, decimals) = quality.split_once('.').unwrap_or((quality, ""));
    let decimals = format!("{decimals:0<3}");
    match (whole, decimals.len(), decimals.parse::<u32>()) {
        ("0", 3, Ok(thousandths)) => thousandths,
        ("1", 3, Ok(0)) => 1_000,
        _ => 0,
    }
}

/// The page, and what it loads.
pub(crate) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/docs", get(page)).route("/docs/{file}", get(file))
}

async fn page(headers: HeaderMap) -> Response {
    let language = Language::asked(&headers);
    let words = language.words();
    let text = words.iter().fold(PAGE.to_owned(), |page, (name, word)| page.replace(&format!("{{{name}}}"), word));
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (CONTENT_LANGUAGE, HeaderValue::from_static(language.tag())),
        (VARY, HeaderValue::from_static("accept-language")),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    (headers, text).into_response()
}

async fn file(Path(name): Path<String>) -> Response {
    let Some((_, kind, coding, bytes)) = FILES.iter().find(|(file, ..)| *file == name) else {
        return Rejection::UnknownPath.into_response();
    };
    let mut response = (
        [
            (CONTENT_TYPE, HeaderValue::from_static(kind)),
            // The same for everybody; for an hour, lest a new version of the server be shown an old reader for long.
            (CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600")),
        ],
        *bytes,
    )
        .into_response();
    if let Some(coding) = coding {
        response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static(coding));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn language(asked: &'static str) -> Language {
        Language::asked(&HeaderMap::from_iter([(ACCEPT_LANGUAGE, HeaderValue::from_static(asked))]))
    }

    #[test]
    fn the_frame_is_in_the_language_that_is_liked_best() {
        for french in ["fr", "fr-CA", "FR,en;q=0.9", "de, fr;q=0.5, en;q=0.4", "en;q=0.1,fr;q=0.101", "en;q=0, fr"] {
            assert_eq!(language(french), Language::French, "{french}");
        }
        for english in
            ["", "en", "de", "*", "en,fr", "fr;q=0.9,en", "fr;q=0", "fr;q=x", "fr;q=2", "fr;q=0.12345", ";;,"]
        {
            assert_eq!(language(english), Language::English, "{english}");
        }
    }

    #[test]
    fn every_word_has_its_place_and_every_place_its_word() {
        for language in [Language::English, Language::French] {
            let mut page = PAGE.to_owned();
            for (name, word) in language.words() {
                let place = format!("{{{name}}}");
                assert!(page.contains(&place), "{place}");
                assert!(!word.contains(['<', '&', '"']), "it is written into the page as it is: {word}");
                page = page.replace(&place, word);
            }
            assert!(!page.contains(['{', '}']), "{page}");
            // Nothing that the policy forbids.
            assert!(!page.contains("style=") && !page.contains("onclick") && page.matches("</script>").count() == 2);
        }
    }
}
