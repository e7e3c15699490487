import { Construct } from 'constructs';
export class Observability extends Construct {}
