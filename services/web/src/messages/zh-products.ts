/** Name and description of each product of the catalogue. */
const PRODUCTS: Partial<Record<string, readonly [name: string, description: string]>> = {
  'espresso-cups': ['浓缩咖啡杯（4 只装）', '炻器杯，80 毫升，手工上釉，每只的灰色都略有不同。'],
  'pour-over-kettle': ['手冲壶', '拉丝不锈钢细嘴壶，0.9 升，壶盖带温度计。'],
  'coffee-grinder': ['手摇咖啡磨豆机', '锥形钢磨芯，36 档刻度，从土耳其咖啡到法压壶都适用，榉木手柄。'],
  'cast-iron-pan': ['铸铁煎锅 26 厘米', '已开锅，可直接使用；适用于燃气灶、电磁炉和明火。'],
  'chef-knife': ['主厨刀 20 厘米', '三层复合钢，胡桃木手柄，每侧开刃 15 度。'],
  'linen-apron': ['亚麻围裙', '水洗亚麻，交叉背带，两个大口袋。'],
  'desk-lamp': ['台灯', '双关节灯臂，暖光 LED 可调光，底座可为手机充电。'],
  'wool-blanket': ['羊毛毯', '140 × 200 厘米，未染色美利奴羊毛，人字纹织法。'],
  'oak-shelf': ['橡木壁架', '实木橡木，油饰表面，长 80 厘米，隐藏式支架承重 15 千克。'],
  'plant-pot': ['陶土花盆（带托盘）', '22 厘米，内壁不上釉，利于根系透气。'],
  'wall-clock': ['静音挂钟', '扫秒机芯，没有滴答声；桦木胶合板，28 厘米。'],
  'scented-candle': ['蜂蜡蜡烛', '可燃烧四十小时，只有蜂蜜的香气。'],
  daypack: ['双肩背包 18 升', '打蜡帆布，带笔记本电脑隔层和湿物袋。'],
  'steel-bottle': ['保温杯 0.75 升', '热茶保温十二小时，冷水保冷一整天。'],
  'head-torch': ['头灯', '350 流明，帐篷内可用红光，USB-C 充电。'],
  'camping-stove': ['露营炉', '折叠后只有拳头大小，四分钟烧开一升水。'],
  hammock: ['旅行吊床', '降落伞布料，可容两人，绑带不伤树皮。'],
  'picnic-blanket': ['野餐垫', '正面再生羊毛，底面防水，配皮革收纳带。'],
  'dotted-notebook': ['点阵笔记本 A5', '192 页，带页码，100 克纸，墨水不洇透。'],
  'fountain-pen': ['钢笔', '铝制笔身，M 尖钢笔尖，附吸墨器，可用瓶装墨水。'],
  'mechanical-keyboard': ['机械键盘', '75% 配列，段落轴，键帽字符永不磨损。'],
  'monitor-stand': ['显示器支架', '弯曲桦木，屏幕抬高 12 厘米，下方可收纳键盘。'],
  'desk-mat': ['毛毡桌垫', '90 × 40 厘米，灰色羊毛毡，软木底。'],
  'last-edition-print': ['签名版画（末版）', '只有五幅，编号并签名。售完为止。'],
}
const CATEGORIES: Partial<Record<string, string>> = {
  Kitchen: '厨房',
  Home: '家居',
  Outdoor: '户外',
  Desk: '书桌',
}

const HAN = /\p{Script=Han}/u

/** What is sold here, in Chinese; what was added to the catalogue since is called as the API calls it. */
export const shelf = {
  name: (id: string, name: string) => PRODUCTS[id]?.[0] ?? name,
  description: (id: string, description: string) => PRODUCTS[id]?.[1] ?? description,
  category: (name: string) => CATEGORIES[name] ?? name,
  /** The shop knows its products' English words only. */
  find: (words: string): string[] | undefined =>
    HAN.test(words)
      ? Object.entries(PRODUCTS).flatMap(([id, texts]) =>
          texts?.some((text) => text.includes(words)) ? [id] : [],
        )
      : undefined,
}
