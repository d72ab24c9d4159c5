//! `trifold load --plan`: computes what any number of subscribers needs, from reports that
//! `--json` has written. It measures nothing.
//!
//! ```text
//! reports ─▶ input ─▶ fit: what one delivery, one connection, one poll costs ─▶ costs
//!                                     subscribers × costs ─▶ needs ─▶ servers, first wall
//! ```
//!
//! The model is linear: each delivery, each poll and each connection costs the same, however many
//! there are. `docs/scale.md` says what follows from that.

mod costs;
mod fit;
mod input;
mod needs;
mod notes;
mod report;
mod servers;
mod table;

use costs::UnitCosts;
use input::{Measurement, read};
use needs::{Demand, Needs};
use report::{CostReport, PlanReport, SourceReport, TransportPlan};
use servers::{Assumptions, ServerCounts};

use crate::load::args::LoadArgs;
use crate::load::mix::Transport;

/// Computes what the subscribers need.
///
/// # Errors
/// When flags contradict each other, a file is not a report of this version, or the files lack a
/// figure that is needed; the error names it.
pub fn plan(args: &LoadArgs) -> Result<PlanReport, String> {
    let mut measurements = Vec::new();
    for file in &args.plan {
        measurements.extend(read(file)?);
    }
    let assumptions = Assumptions::new(&measurements);
    let parts = parts(args, &measurements)?;
    let mut transports = Vec::new();
    for &(transport, subscribers) in &parts {
        let is_of = |measurement: &&Measurement| measurement.transport == transport;
        let measured: Vec<_> = measurements.iter().filter(is_of).collect();
        let demand = Demand::new(args, transport, subscribers);
        check(&measured, &demand)?;
        transports.push(transport_plan(&measured, &demand, &assumptions));
    }
    let planned = |measurement: &&Measurement| {
        parts.iter().any(|part| part.0 == measurement.transport)
    };
    let used: Vec<_> = measurements.iter().filter(planned).collect();
    Ok(PlanReport {
        version: env!("CARGO_PKG_VERSION"),
        rate: args.rate,
        message_bytes: args.message_bytes,
        poll_interval_ms: args.poll_interval.as_secs_f64() * 1000.0,
        sources: used
            .iter()
            .map(|source| SourceReport::new(source))
            .collect(),
        notes: notes::notes(args, &used, &transports, &assumptions),
        assumptions,
        transports,
    })
}

fn transport_plan(
    measured: &[&Measurement],
    demand: &Demand,
    assumptions: &Assumptions,
) -> TransportPlan {
    let costs = UnitCosts::new(demand.transport, measured);
    let mut needs = Needs::new(&costs, demand);
    let servers = ServerCounts::new(&needs, assumptions, costs.memory_before);
    needs.add_servers(servers.all, costs.memory_before);
    TransportPlan {
        transport: demand.transport,
        subscribers: demand.subscribers,
        cost: CostReport::new(&costs, demand),
        first_wall: servers.first_wall(),
        needs,
        servers,
    }
}

/// Returns the transports with their numbers of subscribers, in the usual order.
fn parts(
    args: &LoadArgs,
    measurements: &[Measurement],
) -> Result<Vec<(Transport, u64)>, String> {
    let mut parts: Vec<(Transport, u64)> = Vec::new();
    for transport in Transport::ALL {
        let mut shares = args.transport.iter();
        let mut named = shares.by_ref().filter(|share| share.transport == transport);
        let share = named.next();
        if named.next().is_some() {
            return Err(format!("--transport contains {transport} twice"));
        }
        let is_measured = measurements.iter().any(|it| it.transport == transport);
        let number = share.and_then(|share| share.clients).or(args.clients);
        match (share.is_some(), number) {
            (true, _) if !is_measured => {
                return Err(format!(
                    "no file of --plan contains a measurement of {transport}; add one, or \
                     name other transports with --transport"
                ));
            }
            (false, _) if !args.transport.is_empty() || !is_measured => {}
            (_, Some(number)) => parts.push((transport, number as u64)),
            (_, None) => {
                return Err("--plan needs --clients, the number of subscribers".into());
            }
        }
    }
    Ok(parts)
}

/// Checks that messages were measured, if there are to be some.
fn check(measured: &[&Measurement], demand: &Demand) -> Result<(), String> {
    let has_deliveries = measured.iter().any(|it| it.counters.delivered > 0);
    match demand.rate == 0.0 || has_deliveries {
        true => Ok(()),
        false => Err(format!(
            "{} was measured without messages only; a plan for --rate {} needs a report with \
             messages, too",
            demand.transport, demand.rate
        )),
    }
}
