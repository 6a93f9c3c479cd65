//! `jeton keys create`: a key for the API.
//!
//! What always holds: the key, and nothing else, is on standard output, so that it can be put into a variable. It is
//! shown this once; the folder keeps only its hash.

use clap::{Args, Subcommand, ValueEnum};
use jeton_client::{ApiKeyPost, Instant, ScopeName};
use jiff::Timestamp;

use super::print;
use crate::composition::{self, Purpose};
use crate::configuration::Configuration;
use crate::control::Client;
use crate::failure::{Failure, usage};

#[derive(Subcommand)]
pub(crate) enum KeysCommand {
    Create(CreateFlags),
}

/// Make a key, and print it and nothing else
///
/// The key is shown this once; the folder keeps only a hash of it. Works beside a running server, which honours the
/// key at once.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CreateFlags {
    /// What the key may do
    #[arg(long)]
    scope: Scope,

    /// The team, for the scope team
    #[arg(long, value_name = "T", required_if_eq("scope", "team"), conflicts_with_all = ["product", "member"])]
    team: Option<String>,

    /// The product, for the scope product
    #[arg(long, value_name = "P", required_if_eq("scope", "product"), conflicts_with = "member")]
    product: Option<String>,

    /// The team and its member, for the scope member
    #[arg(long, value_name = "T/M", required_if_eq("scope", "member"))]
    member: Option<String>,

    /// The partner, for the scope partner
    #[arg(long, value_name = "N", required_if_eq("scope", "partner"), conflicts_with_all = ["team", "product", "member"])]
    partner: Option<String>,

    /// The instant from which the key opens nothing more [default: it does not end]
    #[arg(long, value_name = "AT")]
    ends: Option<Timestamp>,
}

const EXAMPLES: &str = "\
Examples:
  KEY=$(jeton keys create --scope vendor)
  jeton keys create --scope team --team acme --ends 2027-01-01T00:00:00Z
  jeton keys create --scope product --product autocad
  jeton keys create --scope member --member acme/ada";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Scope {
    /// Everything
    Vendor,
    /// Reads all of its team; writes its members, access and orders
    Team,
    /// Opens, beats and closes its product for every team; for servers, never for what is shipped
    Product,
    /// Quotes, opens, beats and closes the member's own sessions
    Member,
    /// Reads the catalogue and the prices; what partners do more is not built yet
    Partner,
}

pub(crate) async fn create(configuration: &Configuration, flags: CreateFlags) -> Result<(), Failure> {
    let wanted = flags.wanted()?;
    let created = if let Some(server) = Client::connect(&configuration.data).await? {
        server.create_key(&wanted).await?
    } else {
        let running = composition::open(configuration, Purpose::Command).await?;
        let created = running.create_key(&wanted).await;
        // Closed in either case, so that the next start has nothing to recover.
        running.close().await?;
        created?
    };
    print(&created.key)
}

impl CreateFlags {
    /// The key as it is asked for. Clap has seen to it that at most one of the four is named, and the one that the
    /// scope needs is; that ids are ids, and exist, is for the use case to see.
    fn wanted(self) -> Result<ApiKeyPost, Failure> {
        let ends_at = self.ends.map(|ends| Instant::new(ends.to_string()));
        let key = |scope| ApiKeyPost { ends_at: ends_at.clone(), ..ApiKeyPost::of(scope) };
        let (team, product, member, partner) = (self.team, self.product, self.member, self.partner);
        match (self.scope, team, product, member, partner) {
            (Scope::Vendor, None, None, None, None) => Ok(key(ScopeName::Vendor)),
            (Scope::Team, Some(team), None, None, None) => Ok(ApiKeyPost { team: Some(team), ..key(ScopeName::Team) }),
            (Scope::Product, None, Some(product), None, None) => {
                Ok(ApiKeyPost { product: Some(product), ..key(ScopeName::Product) })
            }
            (Scope::Partner, None, None, None, Some(partner)) => {
                Ok(ApiKeyPost { partner: Some(partner), ..key(ScopeName::Partner) })
            }
            (Scope::Member, None, None, Some(named), None) => match named.split_once('/') {
                Some((team, member)) if !team.is_empty() && !member.is_empty() => Ok(ApiKeyPost {
                    team: Some(team.to_owned()),
                    member: Some(member.to_owned()),
                    ..key(ScopeName::Member)
                }),
                Some(_) | None => Err(usage(format!(
                    "--member must name the team and its member, such as acme/ada, and is {named:?}"
                ))),
            },
            (Scope::Vendor, ..) => Err(usage("a vendor key is of nobody else; leave the other flags out")),
            (Scope::Team, ..) => Err(usage("a team key is of a team alone; name it by --team")),
            (Scope::Product, ..) => Err(usage("a product key is of a product alone; name it by --product")),
            (Scope::Member, ..) => Err(usage("a member key is of a member alone; name it by --member TEAM/MEMBER")),
            (Scope::Partner, ..) => Err(usage("a partner key is of a partner alone; name it by --partner")),
        }
    }
}
