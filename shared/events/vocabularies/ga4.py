"""Names of GA4: its e-commerce events, the recommended ones, and those that Firebase and GA4 collect by themselves."""

from shared.events.vocabularies import Vocabulary

ECOMMERCE: Vocabulary = {
    "view item": "item_view",
    "view item list": "impression",
    "select item": "click",
    "add to cart": "add_to_cart",
    "remove from cart": "remove_from_cart",
    "view cart": "page_view",
    "add to wishlist": "bookmark",
    "begin checkout": "begin_checkout",
    "add payment info": "custom",
    "add shipping info": "custom",
    "purchase": "purchase",
    "refund": "custom",
    "view promotion": "impression",
    "select promotion": "click",
    "search": "search",
    "view search results": "search",
    "ecommerce purchase": "purchase",
}

RECOMMENDED: Vocabulary = {
    "share": "share",
    "sign up": "sign_up",
    "login": "custom",
    "generate lead": "form_submit",
    "join group": "custom",
    "select content": "click",
    "tutorial begin": "custom",
    "tutorial complete": "custom",
    "earn virtual currency": "custom",
    "spend virtual currency": "custom",
    "level up": "custom",
    "post score": "custom",
    "unlock achievement": "custom",
}

AUTOMATIC: Vocabulary = {
    "page view": "page_view",
    "screen view": "page_view",
    "scroll": "scroll",
    "click": "click",
    "file download": "click",
    "form start": "custom",
    "form submit": "form_submit",
    "video start": "video_play",
    "video progress": "custom",
    "video complete": "custom",
    "user engagement": "dwell",
    "session start": "custom",
    "first visit": "custom",
    "first open": "custom",
    "in app purchase": "purchase",
    "notification open": "click",
    "notification receive": "impression",
    "notification dismiss": "custom",
    "notification foreground": "custom",
    "ad click": "custom",
    "ad impression": "custom",
    "ad reward": "custom",
    "app remove": "custom",
    "app update": "custom",
    "app clear data": "custom",
    "app exception": "custom",
    "os update": "custom",
    "dynamic link app open": "click",
    "dynamic link first open": "custom",
    "app store subscription renew": "purchase",
}

GA4: tuple[Vocabulary, ...] = (ECOMMERCE, RECOMMENDED, AUTOMATIC)
