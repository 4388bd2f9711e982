import { createLog } from '@lepton/common/runtime/log'
import { afterEach, expect, it, jest } from '@jest/globals'
import kafkajs, { type Producer } from 'kafkajs'
import { createKafkaBroker } from './broker.ts'

const { Kafka, KafkaJSRequestTimeoutError, KafkaJSProtocolError } = kafkajs as unknown as typeof kafkajs & {
  KafkaJSRequestTimeoutError: new (message: string, details: object) => Error
  KafkaJSProtocolError: new (error: object) => Error
}
const log = createLog({ service: 'test', instance: 'test', level: 'silent' })
const record = { topic: 'order.v1', key: 'a', value: '{}', headers: {} }

afterEach(() => {
  jest.restoreAllMocks()
})

/** A broker whose producer fails its first batch so. */
function brokerThatFails(error: Error) {
  const producer = {
    connect: jest.fn(() => Promise.resolve()),
    disconnect: jest.fn(() => Promise.resolve()),
    sendBatch: jest.fn(() => Promise.resolve([])).mockRejectedValueOnce(error),
  }
  jest.spyOn(Kafka.prototype, 'producer').mockReturnValue(producer as unknown as Producer)
  return { producer, broker: createKafkaBroker({ brokers: ['127.0.0.1:1'], clientId: 'test' }, log) }
}

it('reconnects after a request that was not answered: the machine may be lost', async () => {
  const { producer, broker } = brokerThatFails(new KafkaJSRequestTimeoutError('timed out', {}))
  await expect(broker.send([record])).rejects.toThrow('timed out')
  expect(producer.disconnect).toHaveBeenCalledTimes(1)

  await broker.send([record])
  expect(producer.connect).toHaveBeenCalledTimes(2)
})

it('keeps its connections where a broker answered with an error', async () => {
  const refusal = new KafkaJSProtocolError({ message: 'too few copies', type: 'NOT_ENOUGH_REPLICAS' })
  const { producer, broker } = brokerThatFails(refusal)
  await expect(broker.send([record])).rejects.toThrow('too few copies')

  await broker.send([record])
  expect(producer.connect).toHaveBeenCalledTimes(1)
})
