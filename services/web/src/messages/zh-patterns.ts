import type { PatternMessages } from './en-patterns.ts'
import { promises } from './zh-promises.ts'

const patterns = {
  title: '去掉一个模式',
  lead: '店里的每个模式都可以用几行改动去掉。用同一个种子、同样的方式攻击两个独立的商店：一个保持原样，一个去掉该模式。哪项承诺会被打破，事先就已写明。',
  leaveOut: '去掉',
  expected: (ids) => `预计被打破：${ids}。`,
  or: ' 或 ',
  replay: '回放',
  end: '直接看结果',
  speed: '速度',
  at: (seconds) => `攻击开始后 ${seconds} 秒`,
  with: (name) => `保留${name}`,
  without: (name) => `去掉${name}`,
  plate: (name) => `${name}：受攻击时的各服务；下方数字反映同样的内容`,
  legend: '浅色：订单 · 金色：承诺被打破的订单 · 红色：受到攻击。',
  recorded: (at, commit, seed) => `录制于 ${at}，提交 ${commit}，种子 ${seed}。`,
  ranHere: (at, commit, seed) => `${at} 在此运行，提交 ${commit}，种子 ${seed}。`,
  figures: { accepted: '已受理订单', ended: '已结束', faults: '故障' },
  attacked: '正在受攻击',
  allKept: '全部承诺兑现',
  broken: (ids) => `未兑现：${ids}`,
  promised: '两个商店的各项承诺',
  columns: { promise: '承诺', with: '保留时', without: '去掉后' },
  foretold: '事先预计',
  verdicts: { kept: '兑现', broken: '未兑现' },
  seen: '与承诺矛盾的内容',
  times: (id, count) => `${id}，${count} 处：`,
  edits: '构成该模式的代码行',
  live: {
    title: '在此运行',
    what: (time) =>
      `在本店旁边启动两个商店，使用各自的数据库和端口，先后攻击。录制时用了 ${time}。本店继续营业，只是会慢一些。`,
    run: '现在运行这一对',
    stop: '停止',
    show: '查看结果',
    notHere: '当前的运行环境不允许页面启动另一个商店。请在代码目录中输入：',
    long: '这一对的运行时间超过四分钟。请在代码目录中输入：',
    ending: '正在停止',
    states: {
      running: (name) => `正在运行：${name}`,
      done: (name) => `已完成：${name}`,
      stopped: (name) => `已停止：${name}`,
      failed: (name) => `失败：${name}`,
    },
    phases: {
      starting: '商店正在启动',
      breaking: '顾客下单，故障不断',
      healing: '恢复正常，等待最后的订单结束',
      judging: '正在对账',
    },
    progress: (lane, name, phase, accepted) =>
      `${lane === 'with' ? '保留' : '去掉'}${name}：${phase}，已受理 ${accepted} 个订单。`,
  },
  of: {
    inbox: { name: '收件箱', without: '没有收件箱，重复到达的事件会重复生效。' },
    outbox: { name: '发件箱', without: '没有发件箱，进程被杀后会丢失数据库里已有的事件。' },
    acknowledgement: { name: '确认', without: '不等 Kafka 确认，事件会随代理一起丢失。' },
    offset_order: {
      name: '先处理后提交位移',
      without: '先提交位移再处理，已受理的结算不会变成订单。',
    },
    commit_order: { name: '提交顺序', without: '按事务开始的顺序发送，取消会先于下单到达。' },
    idempotency: { name: '幂等键', without: '没有幂等键，重复的请求会变成第二个订单。' },
    tombstone: { name: '墓碑', without: '没有墓碑，晚于取消到达的预留会永远占住库存。' },
    arbiter: { name: '唯一裁决者', without: '没有唯一裁决者，订单确认时库存可能已被释放。' },
    barrier: { name: '屏障', without: '没有屏障，迟到的 try 会占住没有订单需要的库存。' },
    never_throw: { name: '死信', without: '没有死信，一条坏消息就会让消费者停下，所有订单都受影响。' },
    durability: { name: '持久化', without: '提交不落盘，PostgreSQL 崩溃后已受理的订单会消失。' },
  },
} satisfies PatternMessages['patterns']

export const texts: PatternMessages = { patterns, promises }
