//! Keys: who asks, which API keys there are, and the keys that leases are verified with.

use std::collections::{BTreeSet, HashMap};
use std::str::FromStr;
use std::sync::RwLock;

use jeton_core::catalogue::{IfMatch, VendorCommand};
use jeton_core::entry::{Author, VendorFact};
use jeton_core::id::{DeviceKey, MemberKey, PartnerId, TeamId};
use jeton_core::refusal::Refusal as Rule;
use jeton_core::time::Instant;
use jeton_engine::{DeactivateAsk, Decided, EraseAsk, MemberApiKey};
use jeton_store::{Beside, KeyRow, Reader, StoreError};

use crate::contract::{ApiKey, ApiKeyCreated, ApiKeyPost, Jwks, ScopeName};
use crate::secret::{self, Secret};
use crate::{
    App, Caller, Failure, Inner, KeyId, Once, Operation, Page, PageRequest, Scope, Target, author, authorise, refusals,
    wire,
};

const UNKNOWN_KEY: Failure = Failure::NotFound { code: "unknown_key" };

/// All keys, as the store has them.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    known: RwLock<Known>,
    /// One writer of keys and enrolments at a time.
    pub(crate) writing: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Known {
    by_hash: HashMap<[u8; 32], String>,
    by_id: HashMap<String, KeyRow>,
    of_members: HashMap<(TeamId, MemberKey), BTreeSet<String>>,
}

impl Keys {
    pub(crate) fn load(reader: &Reader) -> Result<Self, StoreError> {
        let keys = Self::default();
        for row in reader.keys()? {
            keys.learn(row);
        }
        Ok(keys)
    }

    pub(crate) fn learn(&self, row: KeyRow) {
        let mut known = self.known.write().expect("nobody panics while writing keys");
        known.by_hash.insert(row.hash, row.id.clone());
        if let Some(of) = OfMember::read(&row.scope) {
            known.of_members.entry((of.team, of.member)).or_default().insert(row.id.clone());
        }
        known.by_id.insert(row.id.clone(), row);
    }

    fn shown(&self, hash: &[u8; 32]) -> Option<KeyRow> {
        let known = self.known.read().expect("nobody panics while writing keys");
        known.by_hash.get(hash).and_then(|id| known.by_id.get(id)).cloned()
    }

    fn get(&self, id: &str) -> Option<KeyRow> {
        self.known.read().expect("nobody panics while writing keys").by_id.get(id).cloned()
    }

    /// Those of a member, by id, ended and revoked ones too.
    fn of_member(&self, team: &TeamId, member: MemberKey) -> Vec<KeyRow> {
        let known = self.known.read().expect("nobody panics while writing keys");
        let ids = known.of_members.get(&(team.clone(), member));
        ids.into_iter().flatten().filter_map(|id| known.by_id.get(id)).cloned().collect()
    }

    fn all(&self) -> Vec<KeyRow> {
        let known = self.known.read().expect("nobody panics while writing keys");
        let mut rows: Vec<KeyRow> = known.by_id.values().cloned().collect();
        rows.sort_by(|one, other| one.id.cmp(&other.id));
        rows
    }
}

impl App {
    /// Who shows this key; `bearer` is the token of the `Authorization` header, `None` when there is none that can be
    /// read. [`Failure::Unauthorised`] for no key and for one that is altered, ended or revoked, all alike.
    pub fn authenticate(&self, bearer: Option<&str>) -> Result<Caller, Failure> {
        let hash = bearer.and_then(secret::hash_of_shown).ok_or(Failure::Unauthorised)?;
        let row = self.inner.keys.shown(&hash).filter(|row| self.inner.opens(row)).ok_or(Failure::Unauthorised)?;
        let scope = self.inner.scope(&row.scope).ok_or(Failure::Unauthorised)?;
        Ok(Caller { scope, key: KeyId::new(row.id) })
    }

    /// Whether the key of one who was let in would let them in now.
    pub(crate) fn is_good(&self, caller: &Caller) -> bool {
        self.inner.keys.get(caller.key.as_str()).is_some_and(|row| self.inner.opens(&row))
    }

    /// The API keys, by id, those that ended or were revoked included.
    pub fn list_api_keys(&self, caller: &Caller, page: &PageRequest) -> Result<Page<ApiKey>, Failure> {
        authorise(caller, Operation::ListApiKeys, Target::installation())?;
        let rows = self.inner.keys.all();
        let following = rows.iter().filter(|row| page.after.as_ref().is_none_or(|after| row.id > *after));
        Ok(Page::of(following.filter_map(|row| Some((row.id.clone(), self.told_key(row)?))), page.limit))
    }

    /// An API key. `unknown_key` when there is none.
    pub fn api_key(&self, caller: &Caller, key: &str) -> Result<ApiKey, Failure> {
        authorise(caller, Operation::GetApiKey, Target::installation())?;
        self.inner.keys.get(key).and_then(|row| self.told_key(&row)).ok_or(UNKNOWN_KEY)
    }

    /// Makes an API key, once per idempotency key: told again it has no secret; `id_reused` with other content.
    pub async fn create_api_key(
        &self,
        caller: &Caller,
        idempotency_key: &str,
        body: ApiKeyPost,
    ) -> Result<Once<ApiKeyCreated>, Failure> {
        authorise(caller, Operation::CreateApiKey, Target::installation())?;
        let id = secret::key_id_for(caller.key.as_str(), idempotency_key);
        let (app, caller) = (self.clone(), caller.clone());
        self.unbroken(async move { app.make_key(&caller, id, &body).await }).await
    }

    /// Makes an API key for who has the data folder.
    pub async fn create_key_on_the_folder(&self, body: &ApiKeyPost) -> Result<ApiKeyCreated, Failure> {
        Ok(self.make_key(&Caller::operator(), secret::fresh_key_id(), body).await?.body)
    }

    /// Revokes an API key, at once. One that is revoked stays so.
    pub async fn revoke_api_key(&self, caller: &Caller, key: &str) -> Result<(), Failure> {
        authorise(caller, Operation::RevokeApiKey, Target::installation())?;
        let (app, caller, key) = (self.clone(), caller.clone(), key.to_owned());
        self.unbroken(async move { app.end_key(&caller, &key).await }).await
    }

    /// The keys of a member, by id, those that ended or were revoked included.
    pub async fn list_member_keys(
        &self,
        caller: &Caller,
        team: &str,
        member: &str,
        page: PageRequest,
    ) -> Result<Page<ApiKey>, Failure> {
        authorise(caller, Operation::ListMemberKeys, Target::member(team, member))?;
        let (team, member) = self.standing_member(team, member).await?;
        let rows = self.inner.keys.of_member(&team, member);
        let following = rows.iter().filter(|row| page.after.as_ref().is_none_or(|after| row.id > *after));
        Ok(Page::of(following.filter_map(|row| Some((row.id.clone(), self.told_key(row)?))), page.limit))
    }

    /// A key of a member. `unknown_key` when there is none.
    pub async fn key_of_member(&self, caller: &Caller, team: &str, member: &str, key: &str) -> Result<ApiKey, Failure> {
        authorise(caller, Operation::GetMemberKey, Target::member(team, member))?;
        let (team, member) = self.standing_member(team, member).await?;
        self.inner
            .keys
            .get(key)
            .filter(|row| is_of(row, &team, member))
            .and_then(|row| self.told_key(&row))
            .ok_or(UNKNOWN_KEY)
    }

    /// Revokes a key of a member, at once. One that is revoked stays so.
    pub async fn revoke_member_key(&self, caller: &Caller, team: &str, member: &str, key: &str) -> Result<(), Failure> {
        authorise(caller, Operation::RevokeMemberKey, Target::member(team, member))?;
        let (team, member) = self.standing_member(team, member).await?;
        let of_member = self.inner.keys.get(key).is_some_and(|row| is_of(&row, &team, member));
        let (app, caller, key) = (self.clone(), caller.clone(), key.to_owned());
        if of_member { self.unbroken(async move { app.end_key(&caller, &key).await }).await } else { Err(UNKNOWN_KEY) }
    }

    async fn end_key(&self, caller: &Caller, key: &str) -> Result<(), Failure> {
        let _writing = self.inner.keys.writing.lock().await;
        let mut row = self.inner.keys.get(key).ok_or(UNKNOWN_KEY)?;
        if row.revoked_at.is_some() {
            return Ok(());
        }
        let at = self.inner.engine.lately().micros();
        let fact = VendorFact::KeyRevoked { key: key.parse().map_err(|_| UNKNOWN_KEY)? };
        self.note(author(caller)?, fact, vec![Beside::KeyRevoked { id: row.id.clone(), at }]).await?;
        row.revoked_at = Some(at);
        self.inner.keys.learn(row);
        Ok(())
    }

    /// The public keys that leases are verified with (W11).
    pub fn lease_keys(&self) -> Jwks {
        self.inner.leases.jwks()
    }

    /// Has a member erased, with all their keys and enrolments (V5). Whom is for the rules to say; the caller holds the one pen that
    /// writes members.
    pub(crate) async fn erase_with_keys(
        &self,
        caller: &Caller,
        team: &TeamId,
        member: Option<MemberKey>,
    ) -> Result<(), Failure> {
        let _writing = self.inner.keys.writing.lock().await;
        let rows = member.map(|member| self.inner.keys.of_member(team, member)).unwrap_or_default();
        let mut keys = Vec::new();
        for row in &rows {
            let key = row.id.parse().map_err(|_| Failure::Internal)?;
            keys.push(MemberApiKey { key, revoked: row.revoked_at.is_some() });
        }
        let open = member.map(|member| self.inner.enrolments.open_of(team, member)).unwrap_or_default();
        let enrolments = ids_of(&open, |row| &row.id)?;
        let ask = EraseAsk { team: team.clone(), member, keys, enrolments, by: author(caller)? };
        let Decided { outcome, at, .. } = self.inner.engine.erase(ask).await?;
        outcome.map_err(|refusal| refusals::plain(&refusal))?;
        for row in rows {
            let revoked_at = row.revoked_at.or(Some(at.micros()));
            self.inner.keys.learn(KeyRow { label: String::new(), revoked_at, ..row });
        }
        self.inner.enrolments.learn_withdrawn(open, at.micros());
        Ok(())
    }

    /// Has a member deactivated, with all their keys and enrolments. Whom is for the rules to say.
    pub(crate) async fn deactivate_with_keys(
        &self,
        caller: &Caller,
        team: TeamId,
        member: Option<MemberKey>,
        if_match: Option<IfMatch>,
    ) -> Result<(), Failure> {
        let _writing = self.inner.keys.writing.lock().await;
        let mut rows = member.map(|member| self.inner.keys.of_member(&team, member)).unwrap_or_default();
        rows.retain(|row| row.revoked_at.is_none());
        let open = member.map(|member| self.inner.enrolments.open_of(&team, member)).unwrap_or_default();
        let (keys, enrolments) = (ids_of(&rows, |row| &row.id)?, ids_of(&open, |row| &row.id)?);
        let ask = DeactivateAsk { team, member, if_match, keys, enrolments, by: author(caller)? };
        let Decided { outcome, at, .. } = self.inner.engine.deactivate(ask).await?;
        outcome.map_err(|refusal| refusals::plain(&refusal))?;
        for row in rows {
            self.inner.keys.learn(KeyRow { revoked_at: Some(at.micros()), ..row });
        }
        self.inner.enrolments.learn_withdrawn(open, at.micros());
        Ok(())
    }

    async fn make_key(&self, caller: &Caller, id: String, body: &ApiKeyPost) -> Result<Once<ApiKeyCreated>, Failure> {
        // Before the member is looked up, so that nobody who is erased meanwhile gets a key.
        let _writing = self.inner.keys.writing.lock().await;
        let scope = self.asked_scope(body).await?;
        let label = body.label.as_deref().map(|label| wire::name("label", label)).transpose()?.unwrap_or_default();
        let ends_at: Option<Instant> =
            body.ends_at.as_ref().map(|at| wire::parse("ends_at", at.as_str())).transpose()?;
        if let Some(standing) = self.inner.keys.get(&id) {
            let same =
                standing.scope == scope && standing.label == label && standing.ends_at == ends_at.map(Instant::micros);
            let key = self.told_key(&standing).filter(|_| same).ok_or_else(|| refusals::plain(&Rule::IdReused))?;
            return Ok(Once { created: false, body: ApiKeyCreated { key, secret: None } });
        }
        let secret = Secret::fresh();
        let row = KeyRow {
            id: id.clone(),
            hash: secret.hash(),
            scope: scope.clone(),
            label,
            created_at: self.inner.engine.lately().micros(),
            ends_at: ends_at.map(Instant::micros),
            revoked_at: None,
        };
        let fact =
            VendorFact::KeyCreated { key: id.parse().map_err(|_| Failure::Internal)?, scope, ends_at, enrolment: None };
        self.note(author(caller)?, fact, vec![Beside::Key(row.clone())]).await?;
        let key = self.told_key(&row).ok_or(Failure::Internal)?;
        self.inner.keys.learn(row);
        Ok(Once { created: true, body: ApiKeyCreated { key, secret: Some(secret.as_str().to_owned()) } })
    }

    /// Writes what is known of keys and enrolments into the ledger, with its rows.
    pub(crate) async fn note(&self, by: Author, fact: VendorFact, beside: Vec<Beside>) -> Result<(), Failure> {
        let decided = self.inner.engine.vendor(VendorCommand::Note(fact), None, by, beside).await?;
        decided.outcome.map(|_| ()).map_err(|refusal| refusals::plain(&refusal))
    }

    /// The scope that is asked for, as it is stored: members by the ledger's key (V5).
    async fn asked_scope(&self, body: &ApiKeyPost) -> Result<String, Failure> {
        let given = [
            ("team", &body.team, matches!(body.scope, ScopeName::Team | ScopeName::Member)),
            ("member", &body.member, body.scope == ScopeName::Member),
            ("product", &body.product, body.scope == ScopeName::Product),
            ("partner", &body.partner, body.scope == ScopeName::Partner),
        ];
        for (field, value, belongs) in given {
            if value.is_some() != belongs {
                let detail = if belongs { "this scope names one" } else { "this scope names none" };
                return Err(Failure::bad_request(field, detail));
            }
        }
        let team = || body.team.as_deref().unwrap_or_default();
        match body.scope {
            ScopeName::Vendor => Ok("vendor".to_owned()),
            ScopeName::Partner => {
                let partner = body.partner.as_deref().unwrap_or_default();
                let partner: PartnerId = wire::parse("partner", partner)?;
                Ok(format!("partner:{partner}"))
            }
            ScopeName::Team => {
                let team: TeamId = wire::parse("team", team())?;
                self.see(&team, |_, _, _| Ok(())).await?;
                Ok(format!("team:{team}"))
            }
            ScopeName::Product => {
                let product: jeton_core::id::ProductCode =
                    wire::parse("product", body.product.as_deref().unwrap_or_default())?;
                let known = self.inner.engine.catalogue().product_called(&product).is_some();
                known.then(|| format!("product:{product}")).ok_or(Failure::NotFound { code: "unknown_product" })
            }
            ScopeName::Member => {
                let (team, member) = self.named_member(team(), body.member.as_deref().unwrap_or_default())?;
                self.see(&team, |_, _, _| Ok(())).await?;
                let member = member.ok_or(Failure::NotFound { code: "unknown_member" })?;
                Ok(OfMember { team, member, device: None }.stored())
            }
        }
    }

    fn told_key(&self, row: &KeyRow) -> Option<ApiKey> {
        let scope = self.inner.scope(&row.scope)?;
        let (mut team, mut member, mut product, mut partner, mut device) = (None, None, None, None, None);
        match &scope {
            Scope::Vendor => {}
            Scope::Partner(of) => partner = Some(of.clone()),
            Scope::Team(of) => team = Some(of.clone()),
            Scope::Product(of) => product = Some(of.clone()),
            Scope::Member { team: of, member: who, device: on } => {
                (team, member) = (Some(of.clone()), Some(who.clone()));
                device = on.clone().filter(|name| !name.is_empty());
            }
        }
        Some(ApiKey {
            key: row.id.clone(),
            scope: scope.name(),
            team,
            member,
            product,
            partner,
            device,
            label: (!row.label.is_empty()).then(|| row.label.clone()),
            created_at: wire::micros(row.created_at),
            ends_at: row.ends_at.map(wire::micros),
            revoked_at: row.revoked_at.map(wire::micros),
        })
    }
}

impl Inner {
    /// Whether a key has neither ended nor been revoked.
    fn opens(&self, row: &KeyRow) -> bool {
        let now = self.engine.lately().micros();
        row.revoked_at.is_none() && row.ends_at.is_none_or(|ends_at| ends_at > now)
    }

    /// What a key is bound to, from how that is stored.
    pub(crate) fn scope(&self, stored: &str) -> Option<Scope> {
        let Some((name, of)) = stored.split_once(':') else {
            return (stored == "vendor").then_some(Scope::Vendor);
        };
        match name {
            "partner" => Some(Scope::Partner(of.to_owned())),
            "team" => Some(Scope::Team(of.to_owned())),
            "product" => Some(Scope::Product(of.to_owned())),
            "member" => {
                let OfMember { team, member, device } = OfMember::read(stored)?;
                // Of a device that nobody knows any more, the name that no device has.
                let name_of = |device| self.people.device_name(&team, member, device).unwrap_or_default();
                let device = device.map(name_of);
                let member = self.people.name_of(&team, member);
                Some(Scope::Member { team: team.to_string(), member, device })
            }
            _ => None,
        }
    }
}

/// Whose a member's key is. It is stored, also in the ledger, by number and never by name (V5): `member:acme/7`, and
/// `member:acme/7@5183` where it is bound to a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OfMember {
    pub(crate) team: TeamId,
    pub(crate) member: MemberKey,
    pub(crate) device: Option<DeviceKey>,
}

impl OfMember {
    pub(crate) fn stored(&self) -> String {
        let Self { team, member, device } = self;
        device.map_or_else(|| format!("member:{team}/{member}"), |device| format!("member:{team}/{member}@{device}"))
    }

    fn read(stored: &str) -> Option<Self> {
        let (team, of) = stored.strip_prefix("member:")?.split_once('/')?;
        let (member, device) = match of.split_once('@') {
            Some((member, device)) => (member, Some(DeviceKey(device.parse().ok()?))),
            None => (of, None),
        };
        Some(Self { team: team.parse().ok()?, member: MemberKey(member.parse().ok()?), device })
    }
}

fn is_of(row: &KeyRow, team: &TeamId, member: MemberKey) -> bool {
    OfMember::read(&row.scope).is_some_and(|of| of.team == *team && of.member == member)
}

/// The ledger's ids of stored rows.
fn ids_of<R, I: FromStr>(rows: &[R], id: impl Fn(&R) -> &String) -> Result<Vec<I>, Failure> {
    rows.iter().map(|row| id(row).parse().map_err(|_| Failure::Internal)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_a_key_is_is_read_as_it_is_stored() {
        for (stored, device) in [("member:acme/7", None), ("member:acme/7@5183", Some(DeviceKey(5183)))] {
            let of = OfMember { team: "acme".parse().unwrap(), member: MemberKey(7), device };
            assert_eq!((of.stored().as_str(), OfMember::read(stored)), (stored, Some(of)));
        }
        for other in ["vendor", "team:acme", "member:acme", "member:acme/ann", "member:acme/7@", "member:acme/7@laptop"]
        {
            assert_eq!(OfMember::read(other), None, "{other}");
        }
    }
}
