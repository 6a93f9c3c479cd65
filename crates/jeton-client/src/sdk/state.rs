//! What is kept on this machine for the time when the server cannot be reached: the newest lease of each product, the
//! public keys, what the products say of such times, the server's time.
//!
//! What always holds: each server has a folder of its own; everything here can be deleted, and is then fetched anew;
//! what cannot be written is not kept, and stops no program. The notes of starts without the server are in
//! [`notes`](super::notes), which is stricter.

use std::fs;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::folders;
use super::lease::{self, Holder, LeaseClaims, LeaseRefusal};
use super::server_time::Said;
use crate::{Jwks, WhenUnreachable};

/// The folder of one server, if there is one.
#[derive(Debug, Clone)]
pub(crate) struct State {
    folder: Option<PathBuf>,
}

/// What is asked of a product's settings.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct OfProduct {
    #[serde(default)]
    pub(crate) when_unreachable: WhenUnreachable,
}

#[derive(Serialize, Deserialize)]
struct KeptLease {
    lease: String,
}

impl State {
    /// The folder of this server below `root`; without a root nothing is kept.
    pub(crate) fn of(root: Option<&Path>, server: &str) -> Self {
        Self { folder: root.map(|root| root.join(name(&[server]))) }
    }

    pub(crate) fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    pub(crate) fn said(&self) -> Option<Said> {
        self.read("time.json")
    }

    pub(crate) fn keep_said(&self, said: &Said) {
        self.write("time.json", said);
    }

    pub(crate) fn keys(&self) -> Option<Jwks> {
        self.read("keys.json")
    }

    pub(crate) fn keep_keys(&self, keys: &Jwks) {
        self.write("keys.json", keys);
    }

    pub(crate) fn product(&self, product: &str) -> OfProduct {
        self.read(&format!("product-{}.json", name(&[product]))).unwrap_or_default()
    }

    pub(crate) fn keep_product(&self, product: &str, of: &OfProduct) {
        self.write(&format!("product-{}.json", name(&[product])), of);
    }

    /// The newest lease that is kept, unverified.
    pub(crate) fn lease(&self, holder: Holder<'_>) -> Option<String> {
        let kept: KeptLease = self.read(&lease_file(holder))?;
        Some(kept.lease)
    }

    /// Keeps a lease in place of an older one, when the keys that are kept say that it is true, and answers what it
    /// says. A lease that is kept already and newer stays.
    pub(crate) fn keep_lease(&self, holder: Holder<'_>, lease: &str) -> Result<LeaseClaims, LeaseRefusal> {
        let keys = self.keys().ok_or(LeaseRefusal::UnknownKey)?;
        let claims = lease::read(lease, &keys)?;
        let kept = self.lease(holder).and_then(|kept| lease::read(&kept, &keys).ok());
        if kept.is_none_or(|kept| kept.iat <= claims.iat) {
            self.write(&lease_file(holder), &KeptLease { lease: lease.to_owned() });
        }
        Ok(claims)
    }

    fn read<T: DeserializeOwned>(&self, file: &str) -> Option<T> {
        serde_json::from_slice(&fs::read(self.folder.as_ref()?.join(file)).ok()?).ok()
    }

    /// What cannot be kept is fetched anew by whoever needs it.
    fn write(&self, file: &str, value: &impl Serialize) {
        let Some(folder) = &self.folder else { return };
        let Ok(text) = serde_json::to_vec(value) else { return };
        let _ = folders::make(folder).and_then(|()| folders::write(folder, file, &text));
    }
}

fn lease_file(holder: Holder<'_>) -> String {
    let Holder { team, member, product, device } = holder;
    format!("lease-{}.json", name(&[team, member, product, device]))
}

/// A name of a file for texts of anybody's.
fn name(of: &[&str]) -> String {
    let mut digest = Sha256::new();
    for part in of {
        digest.update(u64::try_from(part.len()).unwrap_or_default().to_be_bytes());
        digest.update(part);
    }
    hex::encode(&digest.finalize()[..10])
}
