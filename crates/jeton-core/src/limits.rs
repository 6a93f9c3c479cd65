//! Every limit, in one place. Past one, the answer is `limit` with its name and value.

use crate::tokens::Tokens;

/// Members of a team.
pub const MEMBERS: usize = 200_000;
/// Lots of a team that have not ended.
pub const LOTS: usize = 2_000;
/// Seats of a team.
pub const SEATS: usize = 50_000;
/// Groups of a team.
pub const GROUPS: usize = 1_000;
/// Caps of a team.
pub const CAPS: usize = 1_000;
/// Enterprise agreements of a team.
pub const AGREEMENTS: usize = 100;
/// Products that an agreement has rates of.
pub const AGREEMENT_RATES: usize = 1_000;
/// Grants of cloud credits of a member that have not ended.
pub const GRANTS: usize = 100;
/// Jobs of a team that are held.
pub const HELD_JOBS: usize = 10_000;
/// Parts of a job.
pub const PARTS: usize = 100;
/// Units of one result of a job: 10⁹.
pub const RESULT_QUANTITY: u64 = 1_000_000_000;
/// Open sessions of a member.
pub const OPEN_SESSIONS: usize = 32;
/// Tokens of a team: 10¹².
pub const TEAM_TOKENS: Tokens = Tokens::thousandths(1_000_000_000_000_000);
/// Tokens of one order: 10⁸.
pub const ORDER_QUANTITY: u64 = 100_000_000;
/// Characters of a name.
pub const NAME_CHARS: usize = 200;
/// Tags of a session.
pub const TAGS: usize = 16;
/// Characters of a tag's key.
pub const TAG_KEY_CHARS: usize = 32;
/// Characters of a tag's value.
pub const TAG_VALUE_CHARS: usize = 64;
/// Tiers of a price list.
pub const TIERS: usize = 100;
/// Products, uses, and price lists of the vendor, each.
pub const CATALOGUE: usize = 10_000;
/// Rates of a product.
pub const RATES: usize = 10_000;
