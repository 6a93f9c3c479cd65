//! Uses: what products are for, and the industry that each use belongs to (C1).

use serde::{Deserialize, Serialize};

use crate::Names;

/// A use as the vendor writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "names": {"en": "Architecture", "fr": "Architecture"},
        "industry": {
            "code": "aec",
            "names": {
                "en": "Architecture, engineering and construction",
                "fr": "Architecture, ingénierie et construction"
            }
        }
    }))
)]
#[serde(deny_unknown_fields)]
pub struct UsePut {
    pub names: Names,
    pub industry: Industry,
}

/// An industry; the names written last hold for all uses of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "code": "media-and-entertainment",
        "names": {"en": "Media and entertainment", "fr": "Médias et divertissement"}
    }))
)]
#[serde(deny_unknown_fields)]
pub struct Industry {
    #[cfg_attr(feature = "openapi", schema(pattern = "^[a-z0-9][a-z0-9-]{0,63}$"))]
    pub code: String,
    pub names: Names,
}

/// A use of products.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "use": "architecture",
        "names": {"en": "Architecture", "fr": "Architecture"},
        "industry": {
            "code": "aec",
            "names": {
                "en": "Architecture, engineering and construction",
                "fr": "Architecture, ingénierie et construction"
            }
        }
    }))
)]
pub struct Use {
    #[serde(rename = "use")]
    pub code: String,
    pub names: Names,
    pub industry: Industry,
}
