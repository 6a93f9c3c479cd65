//! Enrolments: how a member's machine gets its key, without anybody else seeing it.
//!
//! What always holds: a code is good once, for 7 days of the server's clock, and only its hash is kept; a key that it
//! was traded for is bound to the device that was named. A code that is wrong, used, withdrawn or over is told from
//! the others by nobody. Members who are deactivated or erased have none (V5).

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::RwLock;

use jeton_core::entry::{Author, VendorFact};
use jeton_core::id::{EnrolmentId, KeyId as LedgerKeyId, MemberKey, TeamId};
use jeton_core::refusal::Refusal as Rule;
use jeton_core::time::Elapsed;
use jeton_store::{Beside, EnrolmentRow, KeyRow, Reader, StoreError};

use crate::contract::{EnrolPost, Enrolled, Enrolment, EnrolmentCreated};
use crate::enrolment_code::EnrolmentCode;
use crate::keys::OfMember;
use crate::secret::{self, Secret};
use crate::{
    App, Caller, Failure, Once, Operation, Over, Page, PageRequest, Target, author, authorise, refusals, wire,
};

/// How long a code is good: 7 days.
const GOOD_FOR: Elapsed = Elapsed::seconds(7 * 86_400);
/// Enrolments of a member whose codes are good at the same time.
const OPEN: usize = 10;

const UNKNOWN_ENROLMENT: Failure = Failure::NotFound { code: "unknown_enrolment" };
const UNKNOWN_MEMBER: Failure = Failure::NotFound { code: "unknown_member" };

/// All enrolments, as the store has them. Who writes them holds the pen of [`crate::keys::Keys`].
#[derive(Debug, Default)]
pub(crate) struct Enrolments {
    known: RwLock<Known>,
}

#[derive(Debug, Default)]
struct Known {
    by_id: HashMap<String, EnrolmentRow>,
    by_hash: HashMap<[u8; 32], String>,
    of_members: HashMap<(String, u32), BTreeSet<String>>,
}

impl Enrolments {
    pub(crate) fn load(reader: &Reader) -> Result<Self, StoreError> {
        let enrolments = Self::default();
        for row in reader.enrolments()? {
            enrolments.learn(row);
        }
        Ok(enrolments)
    }

    fn learn(&self, row: EnrolmentRow) {
        let mut known = self.known.write().expect("nobody panics while writing enrolments");
        known.by_hash.insert(row.hash, row.id.clone());
        known.of_members.entry((row.team.clone(), row.member)).or_default().insert(row.id.clone());
        known.by_id.insert(row.id.clone(), row);
    }

    fn shown(&self, hash: &[u8; 32]) -> Option<EnrolmentRow> {
        let known = self.known.read().expect("nobody panics while writing enrolments");
        known.by_hash.get(hash).and_then(|id| known.by_id.get(id)).cloned()
    }

    /// Those of a member, by id, those that are over too.
    fn of_member(&self, team: &TeamId, member: MemberKey) -> Vec<EnrolmentRow> {
        let known = self.known.read().expect("nobody panics while writing enrolments");
        let ids = known.of_members.get(&(team.to_string(), member.0));
        ids.into_iter().flatten().filter_map(|id| known.by_id.get(id)).cloned().collect()
    }

    /// Those of a member that were neither used nor withdrawn.
    pub(crate) fn open_of(&self, team: &TeamId, member: MemberKey) -> Vec<EnrolmentRow> {
        self.of_member(team, member).into_iter().filter(EnrolmentRow::is_open).collect()
    }

    /// Learns that these have been withdrawn.
    pub(crate) fn learn_withdrawn(&self, rows: Vec<EnrolmentRow>, at: i64) {
        for row in rows {
            self.learn(EnrolmentRow { withdrawn_at: Some(at), ..row });
        }
    }
}

impl App {
    /// The enrolments of a member, by id, those that are over included.
    pub async fn list_enrolments(
        &self,
        caller: &Caller,
        team: &str,
        member: &str,
        page: PageRequest,
    ) -> Result<Page<Enrolment>, Failure> {
        authorise(caller, Operation::ListEnrolments, Target::team(team))?;
        let (team, member) = self.standing_member(team, member).await?;
        let rows = self.inner.enrolments.of_member(&team, member).into_iter();
        let following = rows.filter(|row| page.after.as_ref().is_none_or(|after| row.id > *after));
        Ok(Page::of(following.map(|row| (row.id.clone(), told(row))), page.limit))
    }

    /// An enrolment of a member. `unknown_enrolment` when there is none.
    pub async fn enrolment(
        &self,
        caller: &Caller,
        team: &str,
        member: &str,
        enrolment: &str,
    ) -> Result<Enrolment, Failure> {
        authorise(caller, Operation::GetEnrolment, Target::team(team))?;
        let (team, member) = self.standing_member(team, member).await?;
        self.enrolment_of(&team, member, enrolment).map(told)
    }

    /// Makes an enrolment, and tells its code. With an idempotency key that was there before, the same one is told
    /// again without it.
    pub async fn create_enrolment(
        &self,
        caller: &Caller,
        team: &str,
        member: &str,
        idempotency_key: Option<&str>,
    ) -> Result<Once<EnrolmentCreated>, Failure> {
        authorise(caller, Operation::CreateEnrolment, Target::team(team))?;
        let id = idempotency_key.map_or_else(secret::fresh_enrolment_id, |given| {
            secret::enrolment_id_for(&[caller.key.as_str(), team, member, given])
        });
        let (app, caller, team, member) = (self.clone(), caller.clone(), team.to_owned(), member.to_owned());
        self.unbroken(async move { app.make_enrolment(&caller, &team, &member, id).await }).await
    }

    /// Makes the code of an enrolment good for nothing. One that is over stays as it is.
    pub async fn withdraw_enrolment(
        &self,
        caller: &Caller,
        team: &str,
        member: &str,
        enrolment: &str,
    ) -> Result<(), Failure> {
        authorise(caller, Operation::WithdrawEnrolment, Target::team(team))?;
        let (team, member) = self.standing_member(team, member).await?;
        let (app, caller, enrolment) = (self.clone(), caller.clone(), enrolment.to_owned());
        self.unbroken(async move { app.end_enrolment(&caller, &team, member, &enrolment).await }).await
    }

    /// Trades a code for a key of its member that is bound to a device. `from` is who shows it, where that is known:
    /// an address is measured as a key is.
    pub async fn enrol(&self, from: Option<IpAddr>, body: EnrolPost) -> Result<Enrolled, Failure> {
        self.inner.paces.count_address(from)?;
        let device = wire::name("device", &body.device)?;
        let code = EnrolmentCode::typed(&body.code).ok_or(UNKNOWN_ENROLMENT)?;
        let (app, hash) = (self.clone(), code.hash());
        self.unbroken(async move { app.trade(&hash, device).await }).await
    }

    async fn make_enrolment(
        &self,
        caller: &Caller,
        team: &str,
        member: &str,
        id: String,
    ) -> Result<Once<EnrolmentCreated>, Failure> {
        // Before the member is looked up, so that nobody who leaves meanwhile gets a code.
        let _writing = self.inner.keys.writing.lock().await;
        let (team, member) = self.active_member(team, member).await?;
        if let Ok(standing) = self.enrolment_of(&team, member, &id) {
            let Enrolment { enrolment, ends_at, .. } = told(standing);
            return Ok(Once { created: false, body: EnrolmentCreated { enrolment, code: None, ends_at } });
        }
        let now = self.inner.engine.lately();
        let open = self.inner.enrolments.open_of(&team, member);
        if open.iter().filter(|row| now.micros() < row.ends_at).count() >= OPEN {
            let value = u64::try_from(OPEN).unwrap_or(u64::MAX);
            return Err(Failure::Limit { name: "enrolments", value, over: Over::Stock });
        }
        let code = EnrolmentCode::fresh();
        let ends_at = now.plus(GOOD_FOR);
        let row = EnrolmentRow {
            id: id.clone(),
            hash: code.hash(),
            team: team.to_string(),
            member: member.0,
            created_at: now.micros(),
            ends_at: ends_at.micros(),
            used_at: None,
            withdrawn_at: None,
            key: None,
        };
        let enrolment: EnrolmentId = id.parse().map_err(|_| Failure::Internal)?;
        let scope = OfMember { team, member, device: None }.stored();
        let fact = VendorFact::EnrolmentCreated { enrolment, scope, ends_at };
        self.note(author(caller)?, fact, vec![Beside::Enrolment(row.clone())]).await?;
        self.inner.enrolments.learn(row);
        let body = EnrolmentCreated { enrolment: id, code: Some(code.told()), ends_at: wire::instant(ends_at) };
        Ok(Once { created: true, body })
    }

    async fn end_enrolment(
        &self,
        caller: &Caller,
        team: &TeamId,
        member: MemberKey,
        enrolment: &str,
    ) -> Result<(), Failure> {
        let _writing = self.inner.keys.writing.lock().await;
        let row = self.enrolment_of(team, member, enrolment)?;
        if !row.is_open() {
            return Ok(());
        }
        let at = self.inner.engine.lately().micros();
        let fact = VendorFact::EnrolmentWithdrawn { enrolment: row.id.parse().map_err(|_| Failure::Internal)? };
        self.note(author(caller)?, fact, vec![Beside::EnrolmentWithdrawn { id: row.id.clone(), at }]).await?;
        self.inner.enrolments.learn_withdrawn(vec![row], at);
        Ok(())
    }

    async fn trade(&self, hash: &[u8; 32], device: String) -> Result<Enrolled, Failure> {
        // One at a time, so that of two who show the same code the second finds it used.
        let _writing = self.inner.keys.writing.lock().await;
        let at = self.inner.engine.lately().micros();
        let good = |row: &EnrolmentRow| row.is_open() && at < row.ends_at;
        let row = self.inner.enrolments.shown(hash).filter(good).ok_or(UNKNOWN_ENROLMENT)?;
        let (team, member) = (row.team.parse::<TeamId>().map_err(|_| Failure::Internal)?, MemberKey(row.member));
        let known = self.inner.people.person(&team, member).ok_or(UNKNOWN_ENROLMENT)?;
        let (device_key, device_row) = self.inner.people.device(&team, member, &device);

        let (secret, id) = (Secret::fresh(), secret::fresh_key_id());
        let key: LedgerKeyId = id.parse().map_err(|_| Failure::Internal)?;
        let scope = OfMember { team: team.clone(), member, device: Some(device_key) }.stored();
        let key_row = KeyRow {
            id: id.clone(),
            hash: secret.hash(),
            scope: scope.clone(),
            label: String::new(),
            created_at: at,
            ends_at: None,
            revoked_at: None,
        };
        let enrolment: EnrolmentId = row.id.parse().map_err(|_| Failure::Internal)?;
        let fact = VendorFact::KeyCreated { key: key.clone(), scope, ends_at: None, enrolment: Some(enrolment) };
        let used = Beside::EnrolmentUsed { id: row.id.clone(), key: id.clone(), at };
        let mut beside = vec![Beside::Key(key_row.clone()), used];
        beside.extend(device_row.clone().map(Beside::Device));
        self.note(Author::Key(key), fact, beside).await?;

        if let Some(device_row) = device_row {
            self.inner.people.learn_device(&team, &device_row);
        }
        self.inner.keys.learn(key_row);
        self.inner.enrolments.learn(EnrolmentRow { used_at: Some(at), key: Some(id.clone()), ..row });
        let (team, member, secret) = (team.to_string(), known.id.to_string(), secret.as_str().to_owned());
        Ok(Enrolled { key: id, secret, team, member, device })
    }

    /// A member who is there; `member_inactive` when they were deactivated.
    async fn active_member(&self, team: &str, member: &str) -> Result<(TeamId, MemberKey), Failure> {
        let (id, key) = self.named_member(team, member)?;
        let seen = self.see(&id, move |team, _, _| {
            let key = key.ok_or(UNKNOWN_MEMBER)?;
            let active = team.members.get(&key).filter(|member| !member.erased).ok_or(UNKNOWN_MEMBER)?.active;
            if active { Ok(key) } else { Err(refusals::plain(&Rule::MemberInactive)) }
        });
        let key = seen.await?.value;
        Ok((id, key))
    }

    /// A member who is there, active or not.
    pub(crate) async fn standing_member(&self, team: &str, member: &str) -> Result<(TeamId, MemberKey), Failure> {
        let (id, key) = self.named_member(team, member)?;
        self.see(&id, |_, _, _| Ok(())).await?;
        Ok((id, key.ok_or(UNKNOWN_MEMBER)?))
    }

    fn enrolment_of(&self, team: &TeamId, member: MemberKey, enrolment: &str) -> Result<EnrolmentRow, Failure> {
        let rows = self.inner.enrolments.of_member(team, member).into_iter();
        rows.into_iter().find(|row| row.id == enrolment).ok_or(UNKNOWN_ENROLMENT)
    }
}

fn told(row: EnrolmentRow) -> Enrolment {
    Enrolment {
        enrolment: row.id,
        created_at: wire::micros(row.created_at),
        ends_at: wire::micros(row.ends_at),
        used_at: row.used_at.map(wire::micros),
        withdrawn_at: row.withdrawn_at.map(wire::micros),
        key: row.key,
    }
}
