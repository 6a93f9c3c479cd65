//! The clock of a sandbox, which its user moves. Elsewhere there is none.

use crate::contract::{Instant, SandboxClock};
use crate::{App, Caller, Failure, Operation, Target, author, authorise, refusals, wire};

const NO_SANDBOX: Failure = Failure::NotFound { code: "unknown_clock" };

impl App {
    /// Where the sandbox's clock stands.
    pub async fn sandbox_clock(&self, caller: &Caller) -> Result<SandboxClock, Failure> {
        authorise(caller, Operation::GetSandboxClock, Target::installation())?;
        if !self.inner.sandbox {
            return Err(NO_SANDBOX);
        }
        let at = self.see_catalogue(|sight| Ok(sight.now)).await?;
        Ok(SandboxClock { at: wire::instant(at) })
    }

    /// Moves the sandbox's clock forward, and answers when all that was due by then has been done; `clock_goes_back`.
    pub async fn put_sandbox_clock(&self, caller: &Caller, at: &Instant) -> Result<SandboxClock, Failure> {
        authorise(caller, Operation::PutSandboxClock, Target::installation())?;
        if !self.inner.sandbox {
            return Err(NO_SANDBOX);
        }
        let to = wire::parse("at", at.as_str())?;
        let decided = self.inner.engine.move_clock(to, author(caller)?).await?;
        let at = decided.outcome.map_err(|refusal| refusals::plain(&refusal))?;
        Ok(SandboxClock { at: wire::instant(at) })
    }

    /// Takes the wall clock as it is after a jump (W9): for the command line alone.
    pub async fn accept_clock(&self) -> Result<Instant, Failure> {
        let decided = self.inner.engine.accept_clock(author(&Caller::operator())?).await?;
        let at = decided.outcome.map_err(|refusal| refusals::plain(&refusal))?;
        Ok(wire::instant(at))
    }
}
