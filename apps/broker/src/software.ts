/** Name and version, as clients and `eastguard version` show it; a test keeps it equal to package.json. */
export const software = 'eastguard/0.1.0'
