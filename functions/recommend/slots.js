// Attune's slots: puts recommendations where a page has a <template data-slot="…">. The README says how.
//
// Around a template stays what the page has put there, until an answer brings items for it. Impressions and clicks are
// told by collector.js, which reads the marks set here. Served without comments and spaces: at most 1,024 bytes.
(async () => {
  let { src, dataset: { token, context, itemIds } } = document.currentScript,
    molds = [...document.querySelectorAll("template[data-slot]")],
    [{}] = molds, // without a first one this is an error: there is nothing to ask
    // A token names its person; without one it is whoever collector.js knows, which without consent is nobody.
    { session_id, ...ids } = token ? {} : attune.ids(),
    { decision_id: decision, slots } = await (await fetch(new URL("v1/recommendations", src), {
      method: "POST",
      headers: { authorization: "Bearer " + token },
      body: JSON.stringify({
        ...ids,
        context,
        item_ids: itemIds?.split(","),
        slots: molds.map(({ dataset: { slot: name, n } }) => ({ name, n: +n || 4 }))
      }),
      signal: AbortSignal.timeout(3e3)
    })).json();
  molds.map((mold, i) => {
    let { name: slot, items } = slots[i], place = mold.parentNode;
    if (items[0]) {
      Object.assign(place.dataset, { decision, slot });
      place.replaceChildren(mold, ...items.map(item => {
        let card = mold.content.cloneNode(true);
        Object.assign(card.firstElementChild.dataset, { item: item.item_id, category: item.category || "" });
        // Facts are anybody's text: they become text and addresses of pages and pictures, never markup nor script.
        for (let on of card.querySelectorAll("[data-fact]")) {
          let fact = item[on.dataset.fact],
            to = "src" in on ? "src" : "href" in on ? "href" : "textContent";
          if (to > "t" || /^http/.test(fact)) on[to] = fact
        }
        return card
      }))
    }
  })
})().catch(() => {})
