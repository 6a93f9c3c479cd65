//! Sessions: what opening would do, opening, proving use, closing, looking (A3, W1–W11).

use jeton_core::answer::{self as core, Charged, SessionState as CoreState};
use jeton_core::decision::{Granted, OpenSession, TeamCommand};
use jeton_core::entry::{ClosedBy, Entry, OpeningCover, Proof, SessionOpened, Span, Tags, TeamFact};
use jeton_core::id::{DeviceKey, MemberId, MemberKey, ProductCode, ProductKey, Seq, SessionId, SessionNo, TeamId};
use jeton_core::limits;
use jeton_core::presence::{LeaseGiven, Presence};
use jeton_core::refusal::Refusal as Rule;
use jeton_core::team::Team;
use jeton_core::time::{self, Elapsed};
use jeton_engine::{Decided, Guard, SessionAsk, SessionDecided, SessionMessage, Sight, TeamAnswer, TeamAsk, Whose};
use jeton_store::stored::{AnyEntry, team_stream};
use jeton_store::{Beside, Device, Position, SESSIONS};

use crate::contract::{
    Cover, Instant, LiveSession, MadeCharge, NextCharge, SessionAnswer, SessionClose, SessionClosed, SessionHeartbeat,
    SessionOpen, SessionQuote, SessionQuotePost, SessionState, SessionsQuery,
};
use crate::leases::Holder;
use crate::refusals::Naming;
use crate::teams::known;
use crate::{
    App, Caller, Failure, Inner, Once, Operation, Over, Page, PageRequest, Scope, Target, author, authorise, refusals,
    wire,
};

const UNKNOWN_SESSION: Failure = Failure::NotFound { code: "unknown_session" };

impl App {
    /// What an opening now would do. A refusal by a rule is part of the answer; an unknown name is not.
    pub async fn quote_session(&self, caller: &Caller, body: SessionQuotePost) -> Result<SessionQuote, Failure> {
        let target = Target::opening(&body.team, &body.member, &body.product).on(body.device.as_deref());
        authorise(caller, Operation::QuoteSession, target)?;
        let (team, member) = self.asked_member(&body.team, &body.member)?;
        let product: ProductCode = wire::parse("product", &body.product)?;
        let device = body.device.as_deref().map(|device| wire::name("device", device)).transpose()?;
        let device = device.zip(member).map(|(device, member)| self.inner.people.device(&team, member, &device).0);
        if let Some(tags) = &body.tags {
            check_tags(tags)?;
        }
        let command = TeamCommand::QuoteSession { member, product: product.clone(), device, tags: body.tags };
        let Ok(Granted::Quoted(quote)) = self.decide(caller, &team, command, Vec::new()).await?.outcome else {
            return Err(Failure::Internal);
        };
        let window = match (quote.cover, member) {
            (Some("window"), Some(member)) => {
                let seen = self.see(&team, move |team, _, sight| {
                    let product = sight.catalogue.product_called(&product).map(|product| product.key);
                    let used = product.and_then(|product| team.use_of(member, product));
                    Ok(used.and_then(|of| of.window_at(sight.now)).map(|window| window.span))
                });
                seen.await?.value
            }
            (Some(_) | None, _) => None,
        };
        let naming = Naming { inner: &self.inner, team: &team, member };
        Ok(SessionQuote {
            cover: cover(quote.cover),
            tokens: quote.refusal.is_none().then(|| wire::tokens(quote.tokens)),
            available: wire::tokens(quote.available),
            ask: quote.ask,
            window: window.map(wire::window),
            refusal: quote.refusal.as_ref().map(|refusal| refusals::problem(refusal, naming)),
            warnings: quote.warnings.iter().map(|warning| refusals::warning(warning, naming)).collect(),
            ignored: Vec::new(),
        })
    }

    /// Opens a product for a member, once (A3, W1–W3). `ignored` of the answer is empty here: the face fills it.
    pub async fn open_session(
        &self,
        caller: &Caller,
        session: &str,
        body: SessionOpen,
    ) -> Result<Once<SessionAnswer>, Failure> {
        let target = Target::opening(&body.team, &body.member, &body.product).on(Some(&body.device));
        authorise(caller, Operation::OpenSession, target)?;
        let id: SessionId = wire::parse("session", session)?;
        let (team, member) = self.asked_member(&body.team, &body.member)?;
        let product: ProductCode = wire::parse("product", &body.product)?;
        let device_name = wire::name("device", &body.device)?;
        let version = body.version.as_deref().map(|version| wire::name("version", version)).transpose()?;
        check_tags(&body.tags)?;
        let (device, row) = match member {
            Some(member) => self.inner.people.device(&team, member, &device_name),
            None => (DeviceKey(0), None),
        };
        let open = OpenSession { session: id, member, product, version, device, tags: body.tags };
        let (app, caller) = (self.clone(), caller.clone());
        self.unbroken(async move { app.open(&caller, team, open, &device_name, row).await }).await
    }

    /// A proof of use (W2, W4, W7, W8). A vendor's key speaks for a client.
    pub async fn heartbeat_session(
        &self,
        caller: &Caller,
        session: &str,
        body: SessionHeartbeat,
    ) -> Result<SessionAnswer, Failure> {
        let activity = activity(body.last_activity_at.as_ref())?;
        let message = SessionMessage::Beat { activity, lease: body.lease };
        match self.say(caller, Operation::HeartbeatSession, session, message).await? {
            Said::Answered(decided) => {
                let SessionDecided { whose, answer } = *decided;
                let device = self.inner.people.device_name(&whose.team, whose.member, whose.device);
                Ok(self.told_session(&whose, device.as_deref().unwrap_or_default(), &answer))
            }
            Said::Past(_) => Err(refusals::plain(&Rule::SessionEnded)),
        }
    }

    /// Ends a session: by a client at now, a proof of use; by a team's key at its last proof (W4). One that has ended
    /// is answered with what had been decided (W8).
    pub async fn close_session(
        &self,
        caller: &Caller,
        session: &str,
        body: SessionClose,
    ) -> Result<SessionClosed, Failure> {
        let activity = activity(body.last_activity_at.as_ref())?;
        let by = match &caller.scope {
            Scope::Team(_) => ClosedBy::Admin,
            Scope::Vendor | Scope::Product(_) | Scope::Member { .. } | Scope::Partner(_) => ClosedBy::Client,
        };
        let charged =
            match self.say(caller, Operation::CloseSession, session, SessionMessage::Close { activity, by }).await? {
                Said::Answered(decided) => decided.answer.charged.iter().map(made).collect(),
                Said::Past(charged) => charged,
            };
        Ok(SessionClosed { session: session.to_owned(), state: SessionState::Ended, charged, ignored: Vec::new() })
    }

    /// A session, live or ended. `unknown_session` when there is none.
    pub async fn session(&self, caller: &Caller, session: &str) -> Result<LiveSession, Failure> {
        let id: SessionId = session.parse().map_err(|_| UNKNOWN_SESSION)?;
        let guard = self.guard(caller, Operation::GetSession, UNKNOWN_SESSION)?;
        let wanted = id.clone();
        let seen = self.inner.engine.read(None, move |sight| {
            let (team, presence, number) = sight.session(&wanted)?;
            Seen::of(team, presence, sight, number)
        });
        let seen = seen.await?;
        let Some(live) = seen.value.filter(|live| live.answer.state != CoreState::Ended) else {
            return Ok(self.opening(&id, seen.position, guard).await?.ended);
        };
        if !within(&guard, &live.whose) {
            return Err(UNKNOWN_SESSION);
        }
        self.after(seen.position, move |inner| inner.live(&live)).await
    }

    /// The live sessions of a team, narrowed to what the key may see; without a team that follows from the key, a bad
    /// request about `team`.
    pub async fn list_sessions(
        &self,
        caller: &Caller,
        query: SessionsQuery,
        page: PageRequest,
    ) -> Result<Page<LiveSession>, Failure> {
        let team = caller.scope.team_or(query.team.as_deref());
        let member = caller.scope.member_or(query.member.as_deref());
        let product = caller.scope.product_or(query.product.as_deref());
        authorise(caller, Operation::ListSessions, Target::sessions(team, member, product))?;
        let Some(team) = team else {
            return Err(Failure::bad_request("team", "say whose sessions: ?team="));
        };
        let id = known(team)?;
        let member = member.map(|member| self.member_key(team, member)).transpose()?;
        let product = product.map(|product| self.product_key(product)).transpose()?;
        let after = page.after::<u64>()?.unwrap_or(0);
        let limit = usize::from(page.limit) + 1;
        let seen = self.see(&id, move |team, presence, sight| {
            let following = team.open_sessions().filter(|(number, _)| number.0 > after);
            let of_member = following.filter(|(_, live)| member.is_none_or(|member| live.member == member));
            let wanted = of_member.filter(|(_, live)| product.is_none_or(|product| live.product == product));
            let seen = wanted.filter_map(|(number, _)| Seen::of(team, presence, sight, number));
            Ok(seen.take(limit).collect::<Vec<Seen>>())
        });
        let seen = seen.await?;
        self.after(seen.position, move |inner| {
            let mut rows = Vec::new();
            for live in seen.value {
                rows.push((live.number.to_string(), inner.live(&live)?));
            }
            Ok(Page::of(rows, page.limit))
        })
        .await
    }

    async fn open(
        &self,
        caller: &Caller,
        team: TeamId,
        open: OpenSession,
        device_name: &str,
        row: Option<Device>,
    ) -> Result<Once<SessionAnswer>, Failure> {
        let member = open.member;
        loop {
            let (found, searched) = self.inner.views.id(SESSIONS, open.session.as_str())?;
            if let Some(found) = found {
                return self.opened_before(&team, &open, device_name, found.opened).await;
            }
            let command = TeamCommand::OpenSession(open.clone());
            let beside = row.clone().into_iter().map(Beside::Device).collect();
            let ask = TeamAsk { team: team.clone(), command, by: author(caller)?, beside, searched };
            let Decided { outcome, position, .. } = self.inner.engine.team(ask).await?;
            let naming = Naming { inner: &self.inner, team: &team, member };
            match outcome.map_err(|refusal| refusals::failure(&refusal, Some(naming)))? {
                TeamAnswer::SearchAgain => self.until_followed(position).await?,
                TeamAnswer::Granted(granted) => {
                    if let Granted::Opened { answer, .. } = *granted {
                        if let Some(row) = &row {
                            self.inner.people.learn_device(&team, row);
                        }
                        let whose = Whose {
                            team,
                            member: member.ok_or(Failure::Internal)?,
                            product: open.product,
                            device: open.device,
                        };
                        return Ok(Once { created: true, body: self.told_session(&whose, device_name, &answer) });
                    }
                    // Opened by another request meanwhile: the views show it soon.
                    self.until_followed(position).await?;
                }
            }
        }
    }

    /// Names in a metering body: what is no id is a bad request, who is not there is for the rules to say.
    pub(crate) fn asked_member(&self, team: &str, member: &str) -> Result<(TeamId, Option<MemberKey>), Failure> {
        let team: TeamId = wire::parse("team", team)?;
        let member: MemberId = wire::parse("member", member)?;
        let key = self.inner.people.key(&team, &member);
        Ok((team, key))
    }

    /// Whose sessions or jobs this caller may touch; `unknown` is what all others are.
    pub(crate) fn guard(&self, caller: &Caller, operation: Operation, unknown: Failure) -> Result<Guard, Failure> {
        if !operation.is_open_to(caller.scope.name()) {
            return Err(Failure::Forbidden);
        }
        match &caller.scope {
            Scope::Vendor => Ok(Guard::Any),
            Scope::Team(team) => Ok(Guard::Team(known(team)?)),
            Scope::Product(product) => Ok(Guard::Product(product.parse().map_err(|_| Failure::Internal)?)),
            Scope::Member { team, member, device: _ } => {
                let (team, member) = self.named_member(team, member)?;
                Ok(Guard::Member(team, member.ok_or(unknown)?))
            }
            Scope::Partner(_) => Err(Failure::Forbidden),
        }
    }

    async fn say(
        &self,
        caller: &Caller,
        operation: Operation,
        session: &str,
        message: SessionMessage,
    ) -> Result<Said, Failure> {
        let guard = self.guard(caller, operation, UNKNOWN_SESSION)?;
        let id: SessionId = session.parse().map_err(|_| UNKNOWN_SESSION)?;
        let ask = SessionAsk { session: id.clone(), message, guard: guard.clone(), by: author(caller)? };
        let Decided { outcome, position, .. } = self.inner.engine.session(ask).await?;
        match outcome.map_err(|refusal| refusals::plain(&refusal))? {
            Some(decided) => Ok(Said::Answered(Box::new(decided))),
            None => Ok(Said::Past(self.opening(&id, position, guard).await?.charged)),
        }
    }

    /// What has been of a session, from its entries; `unknown_session` when there was none within the guard.
    async fn opening(&self, id: &SessionId, position: Position, guard: Guard) -> Result<PastSession, Failure> {
        let id = id.clone();
        self.after(position, move |inner| {
            let found = inner.views.id(SESSIONS, id.as_str())?.0.ok_or(UNKNOWN_SESSION)?;
            let (team, number, opened, opened_at) = inner.session_opened(found.opened)?;
            let product = inner.product_code(opened.product)?;
            let whose = Whose { team, member: opened.member, product, device: opened.device };
            if !within(&guard, &whose) {
                return Err(UNKNOWN_SESSION);
            }
            let end = inner.views.session_end(whose.team.as_str(), number.0)?;
            let end = end.map(|position| inner.entry(position)).transpose()?;
            let (proof, of_the_close) = match end {
                Some((_, AnyEntry::Team(_, Entry { fact: TeamFact::SessionClosed { proof, charged, .. }, .. }))) => {
                    (proof, charged)
                }
                Some((
                    _,
                    AnyEntry::Team(
                        _,
                        Entry {
                            fact: TeamFact::SessionLost { proof, .. } | TeamFact::SessionEnded { proof, .. }, ..
                        },
                    ),
                )) => (proof, Vec::new()),
                Some(_) | None => (Proof { session: number, from: opened_at, to: opened_at }, Vec::new()),
            };
            let charged =
                of_the_close.iter().map(|seq| inner.charge_made(&whose.team, *seq)).collect::<Result<_, _>>()?;
            let ended = LiveSession {
                session: id.to_string(),
                team: whose.team.to_string(),
                member: inner.people.name_of(&whose.team, whose.member),
                product: whose.product.to_string(),
                version: opened.version.clone(),
                device: inner.people.device_name(&whose.team, whose.member, whose.device),
                state: SessionState::Ended,
                cover: None,
                opened_at: wire::instant(opened_at),
                last_proof_at: wire::instant(proof.to),
                window: None,
                ends_at: Some(wire::instant(proof.to)),
            };
            Ok(PastSession { ended, charged })
        })
        .await
    }

    /// The same opening again is told what was decided; with other content the id is refused (V4).
    async fn opened_before(
        &self,
        team: &TeamId,
        asked: &OpenSession,
        device_name: &str,
        position: Position,
    ) -> Result<Once<SessionAnswer>, Failure> {
        let (wanted_team, wanted) = (team.clone(), asked.clone());
        let (opened, opened_at, decided) = self
            .after(position, move |inner| {
                let reused = || refusals::plain(&Rule::IdReused);
                let (team, number, opened, opened_at) = inner.session_opened(position)?;
                let product = inner.product_code(opened.product)?;
                let same = team == wanted_team
                    && Some(opened.member) == wanted.member
                    && product == wanted.product
                    && opened.version == wanted.version
                    && opened.device == wanted.device
                    && opened.tags == wanted.tags;
                if !same {
                    return Err(reused());
                }
                let charged = match &opened.cover {
                    OpeningCover::Charge => vec![inner.charge_made(&team, Seq(number.0 + 1))?],
                    OpeningCover::Seat { .. }
                    | OpeningCover::Window { .. }
                    | OpeningCover::Joined { .. }
                    | OpeningCover::Hold(_) => Vec::new(),
                };
                Ok((opened, opened_at, charged))
            })
            .await?;
        let id = asked.session.clone();
        let seen = self.see(team, move |team, presence, sight| {
            let live = team
                .session_number(&id)
                .and_then(|number| core::session_answer(team, presence, sight.catalogue, number, sight.now));
            Ok((live, team.lots.available(), sight.catalogue.settings.heartbeat_s))
        });
        let (live, available, heartbeat_s) = seen.await?.value;
        let (cover_name, hold, undo_ends_at, window) = match &opened.cover {
            OpeningCover::Seat { .. } => (Cover::Seat, None, None, None),
            OpeningCover::Window { window, .. } => (Cover::Window, None, None, Some(*window)),
            OpeningCover::Joined { tokens, undo_ends_at } => (Cover::Window, Some(*tokens), Some(*undo_ends_at), None),
            OpeningCover::Hold(set) => {
                let undo_ends_at = opened_at.plus(Elapsed::seconds(set.undo_s));
                (Cover::Tokens, Some(set.rate.tokens), Some(undo_ends_at), None)
            }
            OpeningCover::Charge => {
                (Cover::Tokens, None, None, Some(Span { start: opened_at, end: opened_at.plus(Elapsed::WINDOW) }))
            }
        };
        let claim = match cover_name {
            Cover::Tokens => "tokens",
            Cover::Window => "window",
            Cover::Seat => "seat",
        };
        let lease = LeaseGiven { issued_at: opened_at, until: opened.lease_until, cover: claim };
        let whose =
            Whose { team: team.clone(), member: opened.member, product: asked.product.clone(), device: opened.device };
        let state = live.as_ref().map_or(CoreState::Ended, |live| live.state);
        let body = SessionAnswer {
            session: asked.session.to_string(),
            state: session_state(state),
            cover: Some(cover_name),
            hold: hold.map(wire::tokens),
            undo_ends_at: undo_ends_at.map(wire::instant),
            window: window.map(wire::window),
            charged: decided,
            next_charge: live.as_ref().and_then(|live| live.next_charge).map(next_charge),
            available: wire::tokens(available),
            heartbeat_s,
            lease: Some(self.lease(&whose, asked.session.as_str(), device_name, lease)),
            warnings: Vec::new(),
            refusal: None,
            ends_at: live.and_then(|live| live.ends_at).map(wire::instant),
            ignored: Vec::new(),
        };
        Ok(Once { created: false, body })
    }

    fn told_session(&self, whose: &Whose, device: &str, answer: &core::SessionAnswer) -> SessionAnswer {
        let session = answer.session.to_string();
        let naming = Naming { inner: &self.inner, team: &whose.team, member: Some(whose.member) };
        SessionAnswer {
            state: session_state(answer.state),
            cover: cover(answer.cover),
            hold: answer.hold.map(wire::tokens),
            undo_ends_at: answer.undo_ends_at.map(wire::instant),
            window: answer.window.map(wire::window),
            charged: answer.charged.iter().map(made).collect(),
            next_charge: answer.next_charge.map(next_charge),
            available: wire::tokens(answer.available),
            heartbeat_s: answer.heartbeat_s,
            lease: answer.lease.map(|lease| self.lease(whose, &session, device, lease)),
            warnings: answer.warnings.iter().map(|warning| refusals::warning(warning, naming)).collect(),
            refusal: answer.refusal.as_ref().map(|refusal| refusals::problem(refusal, naming)),
            ends_at: answer.ends_at.map(wire::instant),
            ignored: Vec::new(),
            session,
        }
    }

    fn lease(&self, whose: &Whose, session: &str, device: &str, given: LeaseGiven) -> String {
        let member = self.inner.people.name_of(&whose.team, whose.member);
        let (team, product) = (whose.team.as_str(), whose.product.as_str());
        self.inner.leases.sign(given, &Holder { team, member: &member, product, device, session })
    }
}

/// A live session as it was seen.
struct Seen {
    number: SessionNo,
    whose: Whose,
    answer: core::SessionAnswer,
    opened_at: time::Instant,
    last_proof: time::Instant,
}

impl Seen {
    fn of(team: &Team, presence: &Presence, sight: &Sight<'_>, number: SessionNo) -> Option<Self> {
        let live = team.session(number)?;
        let product = sight.catalogue.product(live.product)?.code.clone();
        let whose = Whose { team: team.id.clone(), member: live.member, product, device: live.device };
        let answer = core::session_answer(team, presence, sight.catalogue, number, sight.now)?;
        let last_proof = presence.of(number).map_or(live.from, |alive| alive.last_proof);
        Some(Self { number, whose, answer, opened_at: live.opened_at, last_proof })
    }
}

/// What came of a beat or a close.
enum Said {
    Answered(Box<SessionDecided>),
    /// The session is over; these are the charges that its close had made.
    Past(Vec<MadeCharge>),
}

/// A session that has ended.
struct PastSession {
    ended: LiveSession,
    charged: Vec<MadeCharge>,
}

impl Inner {
    fn live(&self, seen: &Seen) -> Result<LiveSession, Failure> {
        let Seen { number, whose, answer, opened_at, last_proof } = seen;
        let position = self.views.position_of(&team_stream(&whose.team), number.0)?.ok_or(Failure::Internal)?;
        let (_, _, opened, _) = self.session_opened(position)?;
        Ok(LiveSession {
            session: answer.session.to_string(),
            team: whose.team.to_string(),
            member: self.people.name_of(&whose.team, whose.member),
            product: whose.product.to_string(),
            version: opened.version,
            device: self.people.device_name(&whose.team, whose.member, whose.device),
            state: session_state(answer.state),
            cover: cover(answer.cover),
            opened_at: wire::instant(*opened_at),
            last_proof_at: wire::instant(*last_proof),
            window: answer.window.map(wire::window),
            ends_at: answer.ends_at.map(wire::instant),
        })
    }

    /// The code of a product; none is ever removed.
    pub(crate) fn product_code(&self, product: ProductKey) -> Result<ProductCode, Failure> {
        self.engine.catalogue().product(product).map(|product| product.code.clone()).ok_or(Failure::Internal)
    }

    /// The entry that opened a session: whose team, its number, what was decided, and when.
    pub(crate) fn session_opened(
        &self,
        position: Position,
    ) -> Result<(TeamId, SessionNo, Box<SessionOpened>, time::Instant), Failure> {
        let (sealed, entry) = self.entry(position)?;
        match entry {
            AnyEntry::Team(team, Entry { at, fact: TeamFact::SessionOpened(opened), .. }) => {
                Ok((team, SessionNo(sealed.seq), opened, at))
            }
            AnyEntry::Team(..) | AnyEntry::Vendor(_) | AnyEntry::Series(..) => Err(Failure::Internal),
        }
    }

    fn charge_made(&self, team: &TeamId, seq: Seq) -> Result<MadeCharge, Failure> {
        let position = self.views.position_of(&team_stream(team), seq.0)?.ok_or(Failure::Internal)?;
        match self.entry(position)?.1 {
            AnyEntry::Team(_, Entry { fact: TeamFact::ChargeMade(charge), .. }) => {
                Ok(made(&Charged { charge: seq, tokens: charge.tokens(), window: charge.window }))
            }
            AnyEntry::Team(..) | AnyEntry::Vendor(_) | AnyEntry::Series(..) => Err(Failure::Internal),
        }
    }
}

fn within(guard: &Guard, whose: &Whose) -> bool {
    guard.admits(&whose.team, whose.member, &whose.product)
}

fn activity(at: Option<&Instant>) -> Result<Option<time::Instant>, Failure> {
    at.map(|at| wire::parse("last_activity_at", at.as_str())).transpose()
}

/// Tags are few, short and plain (L2).
pub(crate) fn check_tags(tags: &Tags) -> Result<(), Failure> {
    let over = |name: &'static str, value: usize| Failure::Limit {
        name,
        value: u64::try_from(value).unwrap_or(u64::MAX),
        over: Over::Request,
    };
    if tags.len() > limits::TAGS {
        return Err(over("tags", limits::TAGS));
    }
    for (key, value) in tags {
        if key.chars().count() > limits::TAG_KEY_CHARS {
            return Err(over("tag_key", limits::TAG_KEY_CHARS));
        }
        if value.chars().count() > limits::TAG_VALUE_CHARS {
            return Err(over("tag_value", limits::TAG_VALUE_CHARS));
        }
        if key.is_empty() || key.chars().chain(value.chars()).any(char::is_control) {
            return Err(Failure::bad_request("tags", "a tag has a name, and no control characters"));
        }
    }
    Ok(())
}

fn cover(name: Option<&str>) -> Option<Cover> {
    match name? {
        "tokens" => Some(Cover::Tokens),
        "window" => Some(Cover::Window),
        "seat" => Some(Cover::Seat),
        _ => None,
    }
}

fn session_state(state: CoreState) -> SessionState {
    match state {
        CoreState::Open => SessionState::Open,
        CoreState::Idle => SessionState::Idle,
        CoreState::Unfunded => SessionState::Unfunded,
        CoreState::Ended => SessionState::Ended,
    }
}

fn made(charged: &Charged) -> MadeCharge {
    MadeCharge {
        charge: format!("c{}", charged.charge),
        tokens: wire::tokens(charged.tokens),
        window: wire::window(charged.window),
    }
}

fn next_charge(next: core::NextCharge) -> NextCharge {
    NextCharge { at: wire::instant(next.at), tokens: wire::tokens(next.tokens) }
}
