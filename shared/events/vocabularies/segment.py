"""Names of Segment's specs: e-commerce v2 with its v1 aliases, video, B2B SaaS, mobile.

Names that are no act of interest (a coupon, a step, a pause) are listed as `custom`: known, and weighing nothing.
"""

from shared.events.vocabularies import Vocabulary

ECOMMERCE: Vocabulary = {
    "products searched": "search",
    "product list viewed": "page_view",
    "product list filtered": "search",
    "promotion viewed": "impression",
    "promotion clicked": "click",
    "product clicked": "click",
    "product viewed": "item_view",
    "product added": "add_to_cart",
    "product removed": "remove_from_cart",
    "cart viewed": "page_view",
    "checkout started": "begin_checkout",
    "checkout step viewed": "custom",
    "checkout step completed": "custom",
    "payment info entered": "custom",
    "order completed": "purchase",
    "order updated": "custom",
    "order cancelled": "custom",
    "order refunded": "custom",
    "coupon entered": "custom",
    "coupon applied": "custom",
    "coupon denied": "custom",
    "coupon removed": "custom",
    "product added to wishlist": "bookmark",
    "product removed from wishlist": "custom",
    "wishlist product added to cart": "add_to_cart",
    "product shared": "share",
    "cart shared": "share",
    "product reviewed": "comment",
}

ECOMMERCE_V1: Vocabulary = {
    "searched products": "search",
    "viewed product category": "page_view",
    "viewed product": "item_view",
    "clicked product": "click",
    "added product": "add_to_cart",
    "removed product": "remove_from_cart",
    "started checkout": "begin_checkout",
    "started order": "begin_checkout",
    "completed order": "purchase",
    "viewed promotion": "impression",
    "clicked promotion": "click",
    "viewed checkout step": "custom",
    "completed checkout step": "custom",
    "refunded order": "custom",
}

VIDEO: Vocabulary = {
    "video playback started": "video_play",
    "video playback paused": "custom",
    "video playback interrupted": "custom",
    "video playback buffer started": "custom",
    "video playback buffer completed": "custom",
    "video playback seek started": "custom",
    "video playback seek completed": "custom",
    "video playback resumed": "custom",
    "video playback completed": "custom",
    "video playback exited": "custom",
    "video content started": "custom",
    "video content playing": "custom",
    "video content completed": "custom",
    "video ad started": "custom",
    "video ad playing": "custom",
    "video ad completed": "custom",
}

B2B: Vocabulary = {
    "account created": "sign_up",
    "account deleted": "custom",
    "signed up": "sign_up",
    "user registered": "sign_up",
    "signed in": "custom",
    "signed out": "custom",
    "invite sent": "share",
    "account added user": "custom",
    "account removed user": "custom",
    "trial started": "sign_up",
    "trial ended": "custom",
}

MOBILE: Vocabulary = {
    "application installed": "custom",
    "application opened": "page_view",
    "application updated": "custom",
    "application backgrounded": "custom",
    "application foregrounded": "custom",
    "application crashed": "custom",
    "application uninstalled": "custom",
    "push notification received": "impression",
    "push notification tapped": "click",
    "push notification bounced": "custom",
    "install attributed": "custom",
    "deep link opened": "click",
    "deep link clicked": "click",
}

CONSENT: Vocabulary = {
    "segment consent preference": "consent",
    "segment consent preference updated": "consent",
}

FORMS: Vocabulary = {
    "form submitted": "form_submit",
    "report submitted": "form_submit",
    "feedback submitted": "form_submit",
    "button clicked": "click",
}

SEGMENT: tuple[Vocabulary, ...] = (ECOMMERCE, ECOMMERCE_V1, VIDEO, B2B, MOBILE, CONSENT, FORMS)
