//! Plans: what the current subscriptions of a team carry (P11).

use jeton_core::decision::TeamCommand;
use jeton_core::entry::Plan as CorePlan;

use crate::contract::{Plan, PlanName, PlanPut};
use crate::teams::known;
use crate::{App, Caller, Failure, IfMatch, Operation, Put, Read, Target, authorise, wire};

impl App {
    /// The plan of a team, and the one in force now.
    pub async fn plan(&self, caller: &Caller, team: &str) -> Result<Read<Plan>, Failure> {
        authorise(caller, Operation::GetPlan, Target::team(team))?;
        let id = known(team)?;
        let seen = self.see(&id, |team, _, sight| {
            let in_force = told(team.plan_at(sight.now));
            let (plan, starts_at, ends_at) = match team.plan {
                Some((plan, span, _)) => {
                    (Some(told(plan)), Some(wire::instant(span.start)), Some(wire::instant(span.end)))
                }
                None => (None, None, None),
            };
            let revision = team.plan.map(|(_, _, revision)| revision.0);
            Ok(Read { revision, body: Plan { plan, starts_at, ends_at, in_force } })
        });
        Ok(seen.await?.value)
    }

    /// Writes the plan of a team (P11).
    pub async fn put_plan(
        &self,
        caller: &Caller,
        team: &str,
        body: PlanPut,
        if_match: Option<IfMatch>,
    ) -> Result<Put<Plan>, Failure> {
        authorise(caller, Operation::PutPlan, Target::team(team))?;
        let id = known(team)?;
        let span = wire::span(&body.starts_at, &body.ends_at)?;
        let command = TeamCommand::SetPlan { plan: asked(body.plan), span, if_match };
        let (created, revision) = self.configure(caller, &id, command, Vec::new()).await?;
        let seen = self.see(&id, |team, _, sight| Ok(told(team.plan_at(sight.now))));
        let in_force = seen.await?.value;
        let (starts_at, ends_at) = (Some(wire::instant(span.start)), Some(wire::instant(span.end)));
        Ok(Put { created, revision, body: Plan { plan: Some(body.plan), starts_at, ends_at, in_force } })
    }
}

pub(crate) fn asked(plan: PlanName) -> CorePlan {
    match plan {
        PlanName::Education => CorePlan::Education,
        PlanName::Standard => CorePlan::Standard,
        PlanName::Premium => CorePlan::Premium,
        PlanName::Enterprise => CorePlan::Enterprise,
    }
}

pub(crate) fn told(plan: CorePlan) -> PlanName {
    match plan {
        CorePlan::Education => PlanName::Education,
        CorePlan::Standard => PlanName::Standard,
        CorePlan::Premium => PlanName::Premium,
        CorePlan::Enterprise => PlanName::Enterprise,
    }
}
