const NAMES: Partial<Record<string, string>> = {
  ErrorBudgetBurnsFast: '错误预算快速消耗',
  ErrorBudgetBurns: '错误预算消耗',
  ErrorBudgetWears: '错误预算缓慢消耗',
  SlowRequests: '请求缓慢',
  OutboxWaits: '发件箱等待',
  OutboxStuck: '发件箱停滞',
  ConsumerLagGrows: '消费延迟增长',
  DeadLetters: '有死信',
  OrdersShed: '订单被拒（过载）',
  ReadsAndChangesShed: '读写被拒（过载）',
  InboundLimitAtItsMinimum: '入站上限已到最低',
  UntrustedRecords: '不可信的记录',
  InvariantBroken: '承诺未兑现',
  OrderAnomaly: '订单异常',
  ServiceGone: '服务没有实例响应',
  BreakerOpen: '断路器打开',
  CertificateExpires: '证书即将过期',
  EventLoopBusy: '事件循环繁忙',
}

/** By its Chinese name, and the one that rules and webhooks know. */
export function alarmName(name: string): string {
  const chinese = NAMES[name]
  return chinese === undefined ? name : `${chinese}（${name}）`
}
