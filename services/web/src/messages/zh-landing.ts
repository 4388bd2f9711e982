import type { lab as enLab, landing as enLanding } from './en-landing.ts'

export const landing = {
  title: '服务宕机，账目不乱。',
  lead: '购物车、订单、支付和库存服务，连同 PostgreSQL、Kafka 和 Consul，都运行在这台机器上。买一件商品，在订单处理途中杀掉一个服务，看它照样完成：只有一个订单，只扣一次款。',
  buyAndKill: '边买边杀服务',
  justShop: '随便逛逛',
  honest: '除了银行，一切都是真的。图上的每个点都是一个订单。',
  plate: (inFlight: number | undefined) =>
    `各服务与订单的流转路径${inFlight === undefined ? '' : `，${inFlight} 个订单正在处理`}`,
  legend: '直线：请求 · 波浪线：经 Kafka 的事件 · 红色：无响应',
  now: {
    unknown: '当前状态未知',
    all: (count: number) => `全部 ${count} 个实例响应正常`,
    silent: (names: string) => `无响应：${names}`,
  },
  facts: {
    title: '账目',
    orders: '订单',
    lost: '丢失',
    twice: '重复扣款',
    oversold: '超卖',
    kills: '进程重启',
    checked: (time: string) => `${time}前已将每个订单与库存、支付和银行逐一核对。`,
    asking: '正在查询…',
    unknown: '尚未核对：检查完所有订单后显示数字。',
  },
  tryTitle: '四个值得一试的实验',
  kill: {
    title: '1 · 购物时杀掉服务',
    text: '选一个目标：某个服务、Kafka 或数据库。您的订单和众多其他订单会继续处理，并当面对账。',
  },
  leave: {
    title: '2 · 去掉一个模式',
    text: '发件箱、收件箱、幂等键、唯一裁决者：对比保留和去掉该模式的商店在同样攻击下的表现，看哪项承诺会被打破。',
  },
  follow: {
    title: '3 · 跟踪一个订单',
    text: '买一盏台灯，看订单一步步推进：锁定库存、银行授权、确认、扣款。也可以取消、退货，或试试被拒付的卡。',
  },
  watch: {
    title: '4 · 查看系统运行',
    text: '每个实例的负载和错误、Kafka 的积压、各项承诺是否兑现。可以增加或移除实例。',
  },
} satisfies typeof enLanding

export const lab = {
  experiments: '实验',
  patterns: '去掉一个模式',
  title: '购物时杀掉服务',
  lead: (guests: number, perS: number) =>
    `${guests} 位模拟顾客每秒在店里下 ${perS} 个订单。您买一盏台灯，同一时刻某个服务宕机。随后清点每个订单，并核对账目。`,
  victim: '杀掉什么',
  victims: {
    order: '一个订单服务',
    payment: '两个支付服务',
    inventory: '两个库存服务',
    psp: '银行',
    kafka: 'Kafka',
    postgres: 'PostgreSQL',
  },
  start: (victim: string) => `下单，并杀掉${victim}`,
  running: '正在运行…',
  notHere: '当前的运行环境不允许页面杀进程。请输入命令：',
  signIn: '杀进程需要先以运维身份登录。',
  plate: '实验期间的各服务；下方数字反映同样的内容',
  legend: '浅色：模拟顾客 · 金色：您的订单 · 红色：无响应',
  silent: (names: string) => `无响应：${names}`,
  figures: {
    mine: '您的订单',
    accepted: '已受理的顾客订单',
    ended: '已结束',
    refused: '未受理',
    killed: '已杀掉',
  },
  phases: {
    warming: '顾客开始下单…',
    struck: '目标已宕机，顾客继续下单…',
    settling: '等待最后一个订单结束…',
    checking: '正在将每个订单与库存、支付和银行核对…',
  },
  good: '没有任何丢失。',
  notGood: '有些结果不符合预期。',
  mine: (status: string, time: string, isOnce: boolean) =>
    `您的订单：${time}后${status}，${isOnce ? '只扣款一次' : '扣款不正确'}。`,
  crowd: (accepted: number, ended: number, refused: number) =>
    `顾客：受理 ${accepted} 个订单，已结束 ${ended} 个${refused === 0 ? '' : `，未受理 ${refused} 个`}。`,
  books: (kept: number, of: number, broken: string) =>
    `账目：${of} 项承诺兑现了 ${kept} 项${broken === '' ? '' : `；未兑现：${broken}`}。`,
  killed: (victim: string) => `轻子商店，购物时杀掉${victim}：`,
  copy: '复制',
  copied: '已复制。',
  showOrder: '查看我的订单',
  showBooks: '查看账目',
} satisfies typeof enLab
