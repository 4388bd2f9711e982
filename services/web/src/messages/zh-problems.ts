import type { ProblemSlug } from '@lepton/contracts/problems'

const TITLES: Record<ProblemSlug, string> = {
  'invalid-request': '请求无效',
  'invalid-json': '请求体不是有效的 JSON',
  'idempotency-key-missing': '请求缺少 Idempotency-Key',
  unauthenticated: '请求需要有效的令牌',
  'signature-invalid': '签名无效',
  forbidden: '没有权限执行此操作',
  'caller-refused': '该服务无权调用另一服务',
  'not-found': '未找到',
  'transaction-cancelled': '事务已取消',
  'event-type-taken': '该事件类型已有另一种模式',
  'not-a-participant': '该服务不参与事务',
  'unknown-event-type': '没有该事件类型',
  'method-not-allowed': '此路径不支持该方法',
  'order-not-ready': '订单尚不能执行此操作',
  'order-settled': '订单已有最终结果',
  'payment-settled': '付款已有最终结果',
  'cart-changed': '购物车内容已变化',
  'receipt-reused': '此收货单已按另一数量入账',
  'request-in-progress': '针对同一资源的另一个请求正在处理',
  'too-many-open-orders': '未完成的订单过多',
  'letter-settled': '此死信已处理',
  'branch-settled': '此分支已有相反的决定',
  'not-possible-here': '当前环境不支持此操作',
  'address-not-allowed': '不允许在此地址注册服务',
  'body-too-large': '请求体过大',
  'unsupported-media-type': '请求体必须是 application/json',
  'cart-empty': '购物车是空的',
  'cart-full': '购物车已满',
  'duplicate-lines': '同一商品只能出现在一行',
  'payment-token-missing': '此处理方式需要付款令牌',
  'unknown-item': '没有这件商品',
  'idempotency-key-reused': '此 Idempotency-Key 已用于另一个请求',
  'too-many-requests': '请求过于频繁',
  'internal-error': '系统内部出错',
  unavailable: '所需的服务暂不可用',
  overloaded: '服务过载',
  'deadline-exceeded': '请求已超过截止时间',
}

const isSlug = (slug: string): slug is ProblemSlug => Object.hasOwn(TITLES, slug)

/** A problem's title by its slug; one that came later has the title that the API gives it. */
export const problemTitle = (slug: string, title: string): string => (isSlug(slug) ? TITLES[slug] : title)
