// Sends events through Segment's own library for Node, and prints the ids that the library gave them.
// node segment_node.mjs HOST WRITE_KEY ROUNDS
import { Analytics } from '@segment/analytics-node'

const [host, writeKey, rounds] = process.argv.slice(2)
const analytics = new Analytics({ writeKey, host, flushAt: 15, flushInterval: 100 })
analytics.on('error', (error) => {
  console.error(error)
  process.exitCode = 1
})

const ids = []
const told = (resolve) => (error, context) => {
  if (error) {
    console.error(error)
    process.exitCode = 1
  }
  ids.push(context.event.messageId)
  resolve()
}
const send = (call, fields) => new Promise((resolve) => analytics[call](fields, told(resolve)))

const sent = []
for (let round = 0; round < Number(rounds); round += 1) {
  const userId = `node-${round % 7}`
  const product = { product_id: `item-${round % 20}`, price: 9.5, quantity: 1, currency: 'EUR' }
  sent.push(send('identify', { userId, traits: { plan: 'pro', round } }))
  sent.push(send('page', { userId, name: 'Shop', properties: { url: 'https://shop.example/' } }))
  sent.push(send('track', { userId, event: 'Product Viewed', properties: product }))
  sent.push(send('track', { userId, event: 'Order Completed', properties: { products: [product], revenue: 9.5 } }))
  sent.push(send('group', { userId, groupId: 'acme' }))
  sent.push(send('alias', { userId, previousId: `before-${userId}@shop.example` }))
}
await Promise.all(sent)
await analytics.closeAndFlush()
console.log(JSON.stringify(ids))
