//! What the measurements cannot tell: the lines of a plan that start with `!`.

use super::input::Measurement;
use super::report::TransportPlan;
use super::servers::Assumptions;

use crate::load::args::LoadArgs;
use crate::load::mix::Transport;

/// CPU time below which its steps of 10 ms matter, in seconds: 20 of them, so that one more or less
/// is 5 %.
const MIN_CPU_SECONDS: f64 = 0.2;

/// The planned load of a server from which on the measured one was far from it.
const MIN_LOAD_FACTOR: f64 = 3.0;

/// Bytes of a message in the log in addition to its body.
const MESSAGE_OVERHEAD: f64 = 200.0;

/// Share of the log in the memory of the subscribers from which on it is reported.
const MAX_LOG_SHARE: f64 = 0.05;

/// Returns all notes on a plan.
pub(super) fn notes(
    args: &LoadArgs,
    used: &[&Measurement],
    plans: &[TransportPlan],
    assumptions: &Assumptions,
) -> Vec<String> {
    let by_transport = plans.iter().flat_map(|plan| {
        let is_of = |it: &&&Measurement| it.transport == plan.transport;
        let measured: Vec<_> = used.iter().filter(is_of).copied().collect();
        let name = plan.transport;
        let notes = [
            unknown_part(plan, args),
            other_size(args, &measured),
            other_rate(args, &measured),
            unknown_memory(plan),
            log_in_memory(&measured),
            far_from_busy(plan, &measured, assumptions),
        ];
        let notes = notes.into_iter().flatten();
        notes
            .map(move |note| format!("{name}: {note}"))
            .collect::<Vec<_>>()
    });
    by_transport
        .chain(used.iter().flat_map(|it| of_source(it)))
        .collect()
}

/// Returns which part of the CPU time is part of another one.
fn unknown_part(plan: &TransportPlan, args: &LoadArgs) -> Option<String> {
    let cost = &plan.cost;
    match plan.transport {
        Transport::Poll if cost.delivery.cpu_us.is_none() && args.rate > 0.0 => Some(
            "one rate cannot tell what a message costs from what the poll costs, so the CPU time \
             of a poll contains it; add a report at another --rate"
                .into(),
        ),
        Transport::Longpoll | Transport::Ws if cost.idle_connection.cpu_us.is_none() => Some(
            "one rate cannot tell what waiting costs from what a delivery costs, so the CPU time \
             of a delivery contains it; add a report with --rate 0"
                .into(),
        ),
        _ => None,
    }
}

fn other_size(args: &LoadArgs, measured: &[&Measurement]) -> Option<String> {
    let planned = args.message_bytes as f64;
    let mut sizes = measured.iter().filter(|it| it.counters.delivered > 0);
    let other = sizes.find(|it| it.message_bytes != planned)?;
    Some(format!(
        "measured with messages of {} bytes; for {planned} bytes the body is added to the \
         download, and how the CPU time grows is unknown",
        other.message_bytes
    ))
}

fn other_rate(args: &LoadArgs, measured: &[&Measurement]) -> Option<String> {
    let rates = measured.iter().map(|it| it.rate);
    let (least, most) = rates.fold((f64::INFINITY, 0.0_f64), |(least, most), rate| {
        (least.min(rate), most.max(rate))
    });
    let is_outside = args.rate < least || args.rate > most;
    is_outside.then(|| {
        let measured = match least == most {
            true => format!("{most}"),
            false => format!("{least} to {most}"),
        };
        format!(
            "measured with messages at {measured} per second; at {} the same costs are assumed, \
             although a response with several messages costs less for each",
            args.rate
        )
    })
}

fn unknown_memory(plan: &TransportPlan) -> Option<String> {
    let text = "the memory of a connection is unknown: a sweep has that of its first transport \
                only, and a server that had clients before does not grow; add a report of a run \
                on a new server";
    plan.cost
        .memory_per_subscriber
        .is_none()
        .then(|| text.into())
}

/// Returns that the log was a part of the memory of the subscribers, which grew with it.
fn log_in_memory(measured: &[&Measurement]) -> Option<String> {
    let share = measured.iter().filter_map(|it| {
        let messages = it.counters.delivered as f64 / it.clients as f64;
        let log = messages * (it.message_bytes + MESSAGE_OVERHEAD);
        let growth = it.memory_per_subscriber()? * it.clients as f64;
        (growth > 0.0).then(|| log / growth)
    });
    let share = share.fold(0.0, f64::max);
    (share > MAX_LOG_SHARE).then(|| {
        format!(
            "the messages in the log are {:.0} % of the memory that is counted for the subscribers, \
             so it is too high; add a report with more clients, or fewer or smaller messages",
            share.min(1.0) * 100.0
        )
    })
}

/// Returns that the measured servers were nearly idle, where polls cost more: a server that wakes
/// up for each of them does less with each.
fn far_from_busy(
    plan: &TransportPlan,
    measured: &[&Measurement],
    assumptions: &Assumptions,
) -> Option<String> {
    let most = measured.iter().map(|it| it.cores / it.addresses as f64);
    let most = most.fold(0.0, f64::max);
    let planned = plan.needs.cores? / plan.servers.all;
    let change = match plan.transport {
        Transport::Poll => {
            "a poll costs less on a busier server, so the CPU time is too high"
        }
        Transport::Longpoll | Transport::Ws => {
            "the CPU time of a delivery changes with the load"
        }
    };
    (planned > MIN_LOAD_FACTOR * most).then(|| {
        format!(
            "measured with {most:.2} cores per server, and planned with {planned:.2} of {}; \
             {change}; measure nearer to it",
            assumptions.cores
        )
    })
}

fn of_source(source: &Measurement) -> Vec<String> {
    let Measurement {
        file,
        transport,
        rate,
        warnings,
        ..
    } = source;
    let seconds = source.cpu_seconds();
    let is_short = seconds < MIN_CPU_SECONDS;
    let short = is_short.then(|| {
        format!(
            "{file}: {transport} with messages at {rate} per second used {seconds:.2} s of CPU time, \
             which has steps of 10 ms; measure longer, or more clients"
        )
    });
    let warnings = warnings.iter().map(|warning| format!("{file}: {warning}"));
    short.into_iter().chain(warnings).collect()
}
