from playwright.sync_api import Page
def test_x(page: Page) -> None:
    page.goto("/")
    page.wait_for_selector("#live[data-state=live]")
    page.screenshot(path="/tmp/w/x.png")
