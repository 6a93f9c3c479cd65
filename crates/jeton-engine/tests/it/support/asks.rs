//! The words in which the tests ask: a shop with one product, and teams of numbered members.

use jeton_core::answer::SessionAnswer;
use jeton_core::catalogue::{Names, Offer, ProductSpec, VendorCommand, WhenUnreachable};
use jeton_core::decision::{AccessAsked, Granted, OpenSession, TeamCommand};
use jeton_core::entry::{Author, ClosedBy, Payment, Role, Tags, TeamProfile};
use jeton_core::id::{DeviceKey, MemberKey, ProductCode, SessionId, TeamId};
use jeton_core::price::{PriceListSpec, Tier, Tiers};
use jeton_core::refusal::Refusal;
use jeton_core::time::Instant;
use jeton_engine::{
    Decided, Guard, NotNow, Seen, SessionAsk, SessionDecided, SessionMessage, TeamAnswer, TeamAsk, VendorAnswer,
};
use jeton_store::{Checkpoint, Position};

use super::clocks::at;
use super::server::{Sent, Server};

/// For ids of which the test knows that they are new.
pub(crate) const SEARCHED_ALL: Position = Position::MAX;

pub(crate) fn team_id(text: &str) -> TeamId {
    text.parse().unwrap()
}

pub(crate) fn session_id(text: &str) -> SessionId {
    text.parse().unwrap()
}

fn code(product: &str) -> ProductCode {
    product.parse().unwrap()
}

/// Opens `autocad` for a member.
pub(crate) fn opening(session: &str, member: u32) -> TeamCommand {
    opening_of("autocad", session, member)
}

/// Opens a product for a member.
pub(crate) fn opening_of(product: &str, session: &str, member: u32) -> TeamCommand {
    TeamCommand::OpenSession(OpenSession {
        session: session_id(session),
        member: Some(MemberKey(member)),
        product: code(product),
        version: None,
        device: DeviceKey(1),
        tags: Tags::new(),
    })
}

/// Orders on invoice.
pub(crate) fn ordering(order: &str, quantity: u64) -> TeamCommand {
    TeamCommand::PlaceOrder { order: order.parse().unwrap(), quantity, payment: Payment::Invoice }
}

pub(crate) fn paying(order: &str) -> TeamCommand {
    TeamCommand::RecordPayment { order: order.parse().unwrap(), paid_on: None, reference: None }
}

pub(crate) fn entering(name: &str) -> TeamCommand {
    let profile = TeamProfile {
        name: name.into(),
        country: "FR".into(),
        currency: "EUR".parse().unwrap(),
        time_zone: "UTC".parse().unwrap(),
        locale: "fr".into(),
        ask_before_charge: false,
    };
    TeamCommand::SetTeam { profile, if_match: None }
}

pub(crate) fn joining(member: u32) -> TeamCommand {
    TeamCommand::SetMember { member: MemberKey(member), role: Role::Member, person_changed: false, if_match: None }
}

pub(crate) fn assigning(member: u32) -> TeamCommand {
    TeamCommand::SetAssignment { member: Some(MemberKey(member)), products: AccessAsked::All, if_match: None }
}

pub(crate) fn withdrawing(member: u32) -> TeamCommand {
    TeamCommand::RemoveAssignment { member: Some(MemberKey(member)), if_match: None }
}

/// A rate of a product.
pub(crate) fn rating(product: &str, per_day: &str, starts_at: Instant) -> VendorCommand {
    VendorCommand::SetRate { code: code(product), starts_at, offer: Offer::PerDay(per_day.parse().unwrap()) }
}

pub(crate) const BEAT: SessionMessage = SessionMessage::Beat { activity: None, lease: false };
pub(crate) const CLOSE: SessionMessage = SessionMessage::Close { activity: None, by: ClosedBy::Client };

/// What a team's command comes to.
pub(crate) type TeamOutcome = Result<Decided<TeamAnswer>, NotNow>;
/// What a look at a team comes to: whole tokens available, and the open sessions.
pub(crate) type LookOutcome = Result<Seen<(u64, Vec<String>)>, NotNow>;
/// What a session's message comes to.
pub(crate) type SessionOutcome = Result<Decided<Option<SessionDecided>>, NotNow>;

impl Server {
    /// Sends a command for a team.
    pub(crate) fn send(&self, team: &str, command: TeamCommand) -> Sent<TeamOutcome> {
        self.send_searched(team, command, SEARCHED_ALL)
    }

    /// As [`Server::send`], with how far the ids of the past were searched.
    pub(crate) fn send_searched(&self, team: &str, command: TeamCommand, searched: Position) -> Sent<TeamOutcome> {
        let ask = TeamAsk { team: team_id(team), command, by: Author::Operator, beside: Vec::new(), searched };
        self.send_ask(ask)
    }

    pub(crate) fn send_ask(&self, ask: TeamAsk) -> Sent<TeamOutcome> {
        let engine = self.engine.clone();
        Sent::of(async move { engine.team(ask).await })
    }

    /// Sends a beat or a close.
    pub(crate) fn send_message(&self, session: &str, message: SessionMessage) -> Sent<SessionOutcome> {
        let engine = self.engine.clone();
        let ask = SessionAsk { session: session_id(session), message, guard: Guard::Any, by: Author::Operator };
        Sent::of(async move { engine.session(ask).await })
    }

    pub(crate) fn send_checkpoint(&self) -> Sent<Result<Decided<Option<Checkpoint>>, NotNow>> {
        let engine = self.engine.clone();
        Sent::of(async move { engine.checkpoint().await })
    }

    /// Has a command decided.
    pub(crate) fn ask(&self, team: &str, command: TeamCommand) -> TeamOutcome {
        self.send(team, command).answer(self)
    }

    /// Has commands decided that are all asked at once, and granted.
    pub(crate) fn ask_all(&self, team: &str, commands: impl IntoIterator<Item = TeamCommand>) {
        let sent: Vec<_> = commands.into_iter().map(|command| self.send(team, command)).collect();
        for sent in sent {
            granted(sent.answer(self)).unwrap();
        }
    }

    /// Opens `autocad` for a member of acme.
    pub(crate) fn open(&self, session: &str, member: u32) -> Result<SessionAnswer, Refusal> {
        granted(self.ask("acme", opening(session, member))).map(opened)
    }

    /// Says something of a session. A session that is not known is nothing.
    pub(crate) fn say(&self, session: &str, message: SessionMessage) -> Result<SessionAnswer, Refusal> {
        let decided = self.send_message(session, message).answer(self).unwrap();
        decided.outcome.map(|decided| decided.unwrap().answer)
    }

    pub(crate) fn vendor(&self, command: VendorCommand) -> Result<Decided<VendorAnswer>, NotNow> {
        self.wait(self.engine.vendor(command, None, Author::Operator, Vec::new()))
    }

    pub(crate) fn move_clock(&self, to: Instant) -> Result<Instant, Refusal> {
        self.wait(self.engine.move_clock(to, Author::Operator)).unwrap().outcome
    }

    pub(crate) fn accept_clock(&self) -> Decided<Instant> {
        self.wait(self.engine.accept_clock(Author::Operator)).unwrap()
    }

    /// Sends a look at what is available to a team, in whole tokens, and at which of its sessions are open.
    pub(crate) fn send_look(&self, team: &str) -> Sent<LookOutcome> {
        let engine = self.engine.clone();
        let team = team_id(team);
        Sent::of(async move {
            let looked = engine.read(Some(team.clone()), move |sight| {
                let (team, _) = sight.team(&team).unwrap();
                let open = team.open_sessions().map(|(_, session)| session.id.to_string());
                (team.lots.available().in_thousandths() / 1_000, open.collect())
            });
            looked.await
        })
    }

    /// `autocad` at 7 a day and `revit` at 10, each with an undo interval of five minutes, and a price list.
    pub(crate) fn stock(&self) {
        for (product, per_day) in [("autocad", "7"), ("revit", "10")] {
            let spec = ProductSpec {
                names: Names { en: product.into(), fr: product.into() },
                uses: Vec::new(),
                versions: Vec::new(),
                undo_s: 300,
                idle_aware: false,
                idle_after_s: 900,
                min_balance: "0".parse().unwrap(),
                when_unreachable: WhenUnreachable::Start,
            };
            self.vendor(VendorCommand::SetProduct { code: code(product), spec }).unwrap();
            self.vendor(rating(product, per_day, at("2000-01-01T00:00:00Z"))).unwrap();
        }
        let spec = PriceListSpec {
            currency: "EUR".parse().unwrap(),
            tiers: Tiers::new(vec![Tier { from: 1, unit_price: "3.33".parse().unwrap() }], 1).unwrap(),
            countries: Vec::new(),
            starts_at: None,
            partner: None,
            min_quantity: 1,
            step: 1,
            by_agreement: false,
        };
        self.vendor(VendorCommand::SetPriceList { price_list: "reference".parse().unwrap(), spec }).unwrap();
    }

    /// Enters a team with so many members, numbered from 1 and assigned to tokens, and so many tokens, paid.
    pub(crate) fn enter(&self, team: &str, members: u32, tokens: u64) {
        let members = (1..=members).flat_map(|member| [joining(member), assigning(member)]);
        let tokens = [ordering("first", tokens), paying("first")].into_iter().filter(|_| tokens > 0);
        self.ask_all(team, [entering(team)].into_iter().chain(members).chain(tokens));
    }

    /// The shop, and acme in it.
    pub(crate) fn shop(&self, members: u32, tokens: u64) {
        self.stock();
        self.enter("acme", members, tokens);
    }
}

/// What was granted or refused; there is nothing to search for and the engine could decide.
pub(crate) fn granted(outcome: TeamOutcome) -> Result<Granted, Refusal> {
    match outcome.unwrap().outcome? {
        TeamAnswer::Granted(granted) => Ok(*granted),
        TeamAnswer::SearchAgain => panic!("everything was searched"),
    }
}

/// The answer to an opening.
pub(crate) fn opened(granted: Granted) -> SessionAnswer {
    if let Granted::Opened { answer, .. } = granted { answer } else { panic!("no opening, but {granted:?}") }
}
