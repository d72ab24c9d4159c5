//! Two servers behind a proxy, configured as in docs/shared: any request goes to any server, and a
//! server that is killed is not missed.

use super::common;

use std::net::SocketAddr;

use clap::Parser;
use common::proxy::{HAPROXY, NGINX, Proxy, haproxy_configuration, nginx_configuration};
use common::{Program, Redis, Server};
use trifold::cli::ServeArgs;

use super::scene::Scene;

const NGINX_FILE: &str = include_str!("../../docs/shared/nginx.conf");
const HAPROXY_FILE: &str = include_str!("../../docs/shared/haproxy.cfg");
const COMPOSE_FILE: &str = include_str!("../../docs/shared/compose.yaml");

/// Replaces the addresses of a documented configuration.
fn with_addresses(file: &str, addresses: &[(&str, String)]) -> String {
    let mut configuration = file.to_owned();
    for (documented, address) in addresses {
        assert!(configuration.contains(documented), "{documented}");
        configuration = configuration.replace(documented, address);
    }
    configuration
}

async fn assert_server_is_not_missed(
    proxy: &Proxy,
    configuration: impl Fn([SocketAddr; 2], SocketAddr) -> String,
) {
    let Some(redis) = Redis::start(&[]) else {
        return;
    };
    let flags = [&*redis.flag(), "--publish-rate=0"];
    let (killed, server) = (Program::start(&flags), Server::start(&flags));
    let servers = [killed.address, server.address];
    let balanced = |address| configuration(servers, address);
    let Some(running) = proxy.run(balanced).await else {
        return;
    };
    let scene = Scene::start(vec![running.address]).await;
    let responses = killed.get("/metrics").await;
    let polls = "trifold_batches_sent_total{transport=\"poll\"}";
    assert!(responses.metric(polls) > 0.0);
    assert!(server.metric(polls).await > 0.0);
    killed.kill();
    scene.finish().await.assert_nothing_lost();
}

#[tokio::test]
async fn nginx() {
    assert_server_is_not_missed(&NGINX, |servers, proxy| {
        nginx_configuration(&with_addresses(
            NGINX_FILE,
            &[
                ("trifold-1:8080", servers[0].to_string()),
                ("trifold-2:8080", servers[1].to_string()),
                ("listen 80;", format!("listen {proxy};")),
            ],
        ))
    })
    .await;
}

#[tokio::test]
async fn haproxy() {
    assert_server_is_not_missed(&HAPROXY, |servers, proxy| {
        haproxy_configuration(&with_addresses(
            HAPROXY_FILE,
            &[
                ("trifold-1:8080", servers[0].to_string()),
                ("trifold-2:8080", servers[1].to_string()),
                ("0.0.0.0:80\n", format!("{proxy}\n")),
            ],
        ))
    })
    .await;
}

/// Docker is not needed for this: the flags are valid, and the names are those of nginx.conf.
#[test]
fn compose_file_has_valid_flags() {
    let commands = COMPOSE_FILE.lines().map(str::trim);
    let mut flags = commands.filter_map(|line| line.strip_prefix("command: --"));
    let flags = format!("trifold --{}", flags.next().expect("a command"));
    let args = ServeArgs::try_parse_from(flags.split(' ')).expect("valid flags");
    assert!(args.redis.is_some() && args.stream == "lecture");
    assert!(flags.contains("--redis redis://redis "));
    for service in ["trifold-1", "trifold-2"] {
        assert!(COMPOSE_FILE.contains(&format!("\n  {service}: ")));
        let address = format!("{service}:{}", args.listen.port());
        assert!(NGINX_FILE.contains(&address) && HAPROXY_FILE.contains(&address));
    }
}
