import type { lists as enLists } from './en-console-lists.ts'

export const lists = {
  inFlight: {
    nav: '处理中',
    title: (count: number, stuck: number) =>
      count === 0
        ? '没有处理中的订单。'
        : `${count} 个订单处理中；${stuck === 0 ? '没有停滞的订单' : `${stuck} 个停滞`}。`,
    stuck: '超过 30 秒没有进展',
    steps: '所处步骤',
    customer: '顾客尚未付款',
    because: {
      no_instance: '没有可用实例',
      dead_letter: '死信',
      processor_slow: '银行响应慢',
      outbox_waits: '发件箱积压',
      consumer_lags: '消费者滞后',
      unknown: '未知',
    },
    columns: {
      order: '订单',
      status: '状态',
      waits: '等待',
      because: '原因',
      since: '时长',
      decision: '决定',
      stock: '库存',
      money: '付款',
      count: '订单数',
      oldest: '最久',
      p95: '95% 耗时不超过',
    },
  },
  letters: {
    nav: '死信',
    title: (dead: number, blocked: number) =>
      dead + blocked === 0 ? '所有事件均已处理。' : `${dead} 个事件无法处理，${blocked} 个在其后等待。`,
    empty: '没有死信。服务无法处理的事件会保存在这里，只有同一个键的事件需要等待。',
    open: '未处理',
    since: (count: number) => `查看后又新增 ${count} 个，不在此次处理范围内`,
    look: '先预览',
    apply: (count: number) => (count === 0 ? '重新处理' : `只重新处理这 ${count} 个`),
    reason: '来自控制台',
    states: {
      DEAD: '无法处理',
      BLOCKED: '在其后等待',
      REPLAYED: '已处理',
      DISCARDED: '已丢弃',
      REFUSED: '非本店签名',
    },
    outcomes: { WOULD_REPLAY: '将会处理', REPLAYED: '已处理', FAILED: '再次失败', WAITS: '等待中' },
    columns: {
      letter: '死信',
      state: '状态',
      order: '订单',
      event: '事件',
      error: '错误',
      tries: '尝试次数',
      since: '时长',
      outcome: '结果',
    },
  },
  stock: {
    nav: '库存',
    right: (products: number) => `${products} 种商品，每种的数量都对得上。`,
    wrong: (products: number) => `${products} 种商品的数量对不上。`,
    columns: {
      product: '商品',
      category: '分类',
      available: '可售',
      held: '锁定',
      committed: '已售',
      received: '入库',
    },
  },
  activity: {
    nav: '操作记录',
    title: '运维操作记录，最新的在前。',
    empty: '还没有运维操作。',
    columns: { when: '多久以前', who: '操作人', what: '操作', target: '对象', why: '原因', result: '结果' },
  },
  logs: {
    nav: '日志',
    title: '所有进程的最新日志。',
    level: '最低级别',
    show: '查询',
    empty: '没有符合条件的日志。',
    fields: { service: '服务或实例', order_id: '订单号', query: '关键词' },
    columns: { at: '时间（UTC）', level: '级别', instance: '实例', message: '内容' },
  },
} satisfies typeof enLists
