//! Signing in.

use rollcall_testkit::TestApp;
use rollcall_testkit::console::Visitor;

#[tokio::test]
async fn the_first_one_signs_in_and_sees_the_sources() {
    let app = TestApp::start().await;
    let mut owner = Visitor::owner(&app).await;
    let shown = owner.get("/sources").await.expect(200);
    assert!(shown.says("Olga Owner") && shown.says("No identity provider is connected yet"));
}
