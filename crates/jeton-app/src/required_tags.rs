//! The tags that a team requires (L2).

use jeton_core::decision::TeamCommand;
use jeton_core::entry::Tags;

use crate::contract::RequiredTags;
use crate::metering::check_tags;
use crate::teams::known;
use crate::{App, Caller, Failure, IfMatch, Operation, Put, Read, Target, authorise};

impl App {
    /// The tags that openings and jobs have to carry.
    pub async fn required_tags(&self, caller: &Caller, team: &str) -> Result<Read<RequiredTags>, Failure> {
        authorise(caller, Operation::GetRequiredTags, Target::team(team))?;
        let id = known(team)?;
        let seen = self.see(&id, |team, _, _| {
            let tags = team.required_tags.iter().cloned().collect();
            Ok(Read { revision: Some(team.required_tags_revision), body: RequiredTags { tags } })
        });
        Ok(seen.await?.value)
    }

    /// Writes the tags that openings and jobs have to carry (L2).
    pub async fn put_required_tags(
        &self,
        caller: &Caller,
        team: &str,
        body: RequiredTags,
        if_match: Option<IfMatch>,
    ) -> Result<Put<RequiredTags>, Failure> {
        authorise(caller, Operation::PutRequiredTags, Target::team(team))?;
        let tags: Tags = body.tags.into_iter().map(|tag| (tag, String::new())).collect();
        check_tags(&tags)?;
        let told = RequiredTags { tags: tags.keys().cloned().collect() };
        let command = TeamCommand::SetRequiredTags { tags: tags.into_keys().collect(), if_match };
        let (created, revision) = self.configure(caller, &known(team)?, command, Vec::new()).await?;
        Ok(Put { created, revision, body: told })
    }
}
