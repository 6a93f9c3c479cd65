//! Enterprise agreements: rates and prices of one team's own (P9).

use std::collections::BTreeMap;
use std::ops::Bound;

use jeton_core::catalogue::{Catalogue, Offer};
use jeton_core::decision::{AgreementAsked, TeamCommand};
use jeton_core::entry::{AgreementSpec, Entry, Span, TeamFact};
use jeton_core::id::{AgreementId, PriceListId, ProductCode, Seq, TeamId};
use jeton_core::limits;
use jeton_core::team;
use jeton_store::stored::{AnyEntry, team_stream};

use crate::catalogue::{offer, told_offer};
use crate::contract::{AgreedRate, Agreement, AgreementPut};
use crate::members::known_product;
use crate::teams::known;
use crate::{
    App, Caller, Failure, IfMatch, Inner, Operation, Over, Page, PageRequest, Put, Read, Target, authorise, wire,
};

const UNKNOWN_AGREEMENT: Failure = Failure::NotFound { code: "unknown_agreement" };

impl App {
    /// The agreements of a team, by id: those to come, in force, and over.
    pub async fn list_agreements(
        &self,
        caller: &Caller,
        team: &str,
        page: PageRequest,
    ) -> Result<Page<Agreement>, Failure> {
        authorise(caller, Operation::ListAgreements, Target::team(team))?;
        let (id, after) = (known(team)?, page.after::<AgreementId>()?);
        let seen = self.see(&id, move |team, _, sight| {
            let from = after.map_or(Bound::Unbounded, Bound::Excluded);
            let following = team.agreements.range::<AgreementId, _>((from, Bound::Unbounded));
            let told =
                |(id, of): (&AgreementId, &team::Agreement)| (id.to_string(), told(id, &of.spec, sight.catalogue));
            Ok(Page::of(following.map(told), page.limit))
        });
        Ok(seen.await?.value)
    }

    /// An agreement. `unknown_agreement` when there is none.
    pub async fn agreement(&self, caller: &Caller, team: &str, agreement: &str) -> Result<Read<Agreement>, Failure> {
        authorise(caller, Operation::GetAgreement, Target::team(team))?;
        let (id, agreement) = (known(team)?, known_agreement(agreement)?);
        let seen = self.see(&id, move |team, _, sight| {
            let standing = team.agreements.get(&agreement).ok_or(UNKNOWN_AGREEMENT)?;
            let body = told(&agreement, &standing.spec, sight.catalogue);
            Ok(Read { revision: Some(standing.revision.0), body })
        });
        Ok(seen.await?.value)
    }

    /// Writes an agreement (P9). Of one that has begun only its end can change; all else is `rate_in_force`.
    pub async fn put_agreement(
        &self,
        caller: &Caller,
        team: &str,
        agreement: &str,
        body: AgreementPut,
        if_match: Option<IfMatch>,
    ) -> Result<Put<Agreement>, Failure> {
        authorise(caller, Operation::PutAgreement, Target::team(team))?;
        let id = known(team)?;
        let agreement: AgreementId = wire::parse("agreement", agreement)?;
        let asked = asked(&body)?;
        let told = Agreement {
            agreement: agreement.to_string(),
            starts_at: wire::instant(asked.span.start),
            ends_at: wire::instant(asked.span.end),
            rates: asked.rates.iter().map(|(code, offer)| (code.to_string(), told_rate(offer))).collect(),
            price_list: asked.price_list.as_ref().map(ToString::to_string),
        };
        let command = TeamCommand::SetAgreement { agreement, asked, if_match };
        let (created, revision) = self.configure(caller, &id, command, Vec::new()).await?;
        Ok(Put { created, revision, body: told })
    }

    /// Removes an agreement to come; `rate_in_force` when it has begun.
    pub async fn delete_agreement(
        &self,
        caller: &Caller,
        team: &str,
        agreement: &str,
        if_match: Option<IfMatch>,
    ) -> Result<(), Failure> {
        authorise(caller, Operation::DeleteAgreement, Target::team(team))?;
        let command = TeamCommand::RemoveAgreement { agreement: known_agreement(agreement)?, if_match };
        self.configure(caller, &known(team)?, command, Vec::new()).await.map(|_| ())
    }
}

impl Inner {
    /// The agreement that an entry of a team has set. A rate names it by that entry.
    pub(crate) fn agreement_set(&self, team: &TeamId, set: Seq) -> Result<AgreementId, Failure> {
        let position = self.views.position_of(&team_stream(team), set.0)?.ok_or(Failure::Internal)?;
        match self.entry(position)?.1 {
            AnyEntry::Team(_, Entry { fact: TeamFact::AgreementSet { agreement, .. }, .. }) => Ok(agreement),
            AnyEntry::Team(..) | AnyEntry::Vendor(_) | AnyEntry::Series(..) => Err(Failure::Internal),
        }
    }

    /// The agreement that a rate is of, if it is of one.
    pub(crate) fn agreement_of(&self, team: &TeamId, set: Option<Seq>) -> Result<Option<String>, Failure> {
        let set = set.map(|set| self.agreement_set(team, set)).transpose()?;
        Ok(set.map(|agreement| agreement.to_string()))
    }
}

/// An agreement in a path: what cannot be an id is the id of no agreement.
fn known_agreement(agreement: &str) -> Result<AgreementId, Failure> {
    agreement.parse().map_err(|_| UNKNOWN_AGREEMENT)
}

fn asked(body: &AgreementPut) -> Result<AgreementAsked, Failure> {
    let span = wire::span(&body.starts_at, &body.ends_at)?;
    if body.rates.len() > limits::AGREEMENT_RATES {
        let value = u64::try_from(limits::AGREEMENT_RATES).unwrap_or(u64::MAX);
        return Err(Failure::Limit { name: "agreement_rates", value, over: Over::Request });
    }
    let mut rates: BTreeMap<ProductCode, Offer> = BTreeMap::new();
    for (code, rate) in &body.rates {
        let offered = offer(&format!("rates.{code}."), rate.per_day.as_ref(), rate.results.as_ref())?;
        rates.insert(known_product(code)?, offered);
    }
    let price_list = body.price_list.as_deref().map(|list| wire::parse::<PriceListId>("price_list", list));
    Ok(AgreementAsked { span, rates, price_list: price_list.transpose()? })
}

fn told(id: &AgreementId, spec: &AgreementSpec, catalogue: &Catalogue) -> Agreement {
    let AgreementSpec { span: Span { start, end }, rates, price_list } = spec;
    let named = rates.iter().filter_map(|(key, offer)| {
        let product = catalogue.product(*key)?;
        Some((product.code.to_string(), told_rate(offer)))
    });
    Agreement {
        agreement: id.to_string(),
        starts_at: wire::instant(*start),
        ends_at: wire::instant(*end),
        rates: named.collect(),
        price_list: price_list.as_ref().map(ToString::to_string),
    }
}

fn told_rate(offer: &Offer) -> AgreedRate {
    let (per_day, results) = told_offer(offer);
    AgreedRate { per_day, results }
}
