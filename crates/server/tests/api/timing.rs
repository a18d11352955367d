//! Between tenants: what another has takes as long to be refused as what nobody has.

use rollcall_server::api::{Needs, api_routes};
use rollcall_testkit::timing;

use super::credentials::{World, all};

/// What is there takes less than this many times as long as what is not, or the other way round.
const ALIKE: f64 = 1.15;

#[tokio::test]
async fn no_time_tells_what_another_tenant_has() {
    let world = World::new().await;
    let client = world.app.api(Some("acme"), &all()).await;
    let mut measured = 0;
    for route in api_routes().filter(|route| !matches!(route.needs, Needs::Nothing | Needs::Installation(_)))
    {
        let (real, none) = (world.path(route, true), world.path(route, false));
        // It makes one's own of that name, and so is another request the second time.
        if real == none || route.operation == "configure_source" {
            continue;
        }
        let ask = async |path: &str| drop(world.send(&client, route, path).await.expect(404));
        let ratio = timing::ratio(ALIKE, async |_| ask(&real).await, async |_| ask(&none).await).await;
        println!("{} {}: {ratio:.2}", route.method, route.path);
        assert!(ratio <= ALIKE, "{} {}: {ratio:.2} times as long", route.method, route.path);
        measured += 1;
    }
    assert!(measured > 40, "{measured}");
}
