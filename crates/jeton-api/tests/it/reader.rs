//! `/docs` as it is served; what it does in a browser is proven with one, in the tests of the binary.

use axum::http::Method;

use crate::house::House;

#[tokio::test]
async fn the_page_is_there_without_a_key_and_may_reach_nobody_else() {
    let house = House::new().await;
    let anybody = house.without_key();
    let french = anybody.ask(Method::GET, "/docs", &[("accept-language", "fr-FR,fr;q=0.9")], None).await;
    assert_eq!((french.status, french.header("content-language")), (200, Some("fr")));
    assert!(french.body.as_str().unwrap().contains("Votre clé"), "{french}");
    let page = anybody.get("/docs").await;
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    let policy = page.header("content-security-policy").unwrap();
    assert!(
        policy.starts_with("default-src 'self';") && !policy.contains("unsafe") && !policy.contains("http"),
        "{policy}"
    );
    assert_eq!(page.header("cache-control"), Some("no-store"));
    let text = page.is(200);
    for file in ["frame.css", "frame.js", "icon.svg"] {
        assert!(text.as_str().unwrap().contains(&format!("\"/docs/{file}\"")), "{file}");
        let told = anybody.get(&format!("/docs/{file}")).await;
        assert_eq!(told.header("content-security-policy"), Some("default-src 'none'; frame-ancestors 'none'"));
        told.is(200);
    }
    anybody.get("/docs/nothing.js").await.refused(404, "unknown_path");
    anybody.delete("/docs").await.refused(405, "method_not_allowed");
}
